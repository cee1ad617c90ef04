INSERT INTO ended_leases (node, until) SELECT * FROM unnest($1::text[], $2::bigint[])
