-- A record that somebody else has made meanwhile is an error, and the group decides again.
INSERT INTO records (tenant, kind, id, version, engine, format, entered, body)
SELECT * FROM unnest($1::integer[], $2::smallint[], $3::uuid[], $4::bigint[], $5::text[], $6::integer[],
                     $7::bytea[], $8::bytea[])
