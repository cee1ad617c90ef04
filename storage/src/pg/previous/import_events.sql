-- As they were numbered elsewhere.
INSERT INTO events (tenant, project, seq, at, name, payload)
SELECT * FROM unnest($1::integer[], $2::uuid[], $3::bigint[], $4::bigint[], $5::text[], $6::bytea[])
