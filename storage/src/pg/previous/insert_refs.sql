INSERT INTO blob_refs (tenant, hash, kind, id)
SELECT * FROM unnest($1::integer[], $2::bytea[], $3::smallint[], $4::uuid[])
