DELETE FROM blob_refs f
USING unnest($1::integer[], $2::bytea[], $3::smallint[], $4::uuid[]) AS k (tenant, hash, kind, id)
WHERE f.tenant = k.tenant AND f.hash = k.hash AND f.kind = k.kind AND f.id = k.id
