INSERT INTO blobs (tenant, hash, size)
SELECT * FROM unnest($1::integer[], $2::bytea[], $3::bigint[])
ON CONFLICT (tenant, hash) DO UPDATE SET size = excluded.size
