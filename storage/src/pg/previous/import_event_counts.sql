INSERT INTO event_counts (tenant, project, newest)
SELECT * FROM unnest($1::integer[], $2::uuid[], $3::bigint[])
