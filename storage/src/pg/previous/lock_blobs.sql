-- Blobs that a group registers or refers to: they are not forgotten until it has ended.
SELECT b.tenant, b.hash, b.size
FROM blobs b
JOIN unnest($1::integer[], $2::bytea[]) AS k (tenant, hash) ON b.tenant = k.tenant AND b.hash = k.hash
ORDER BY b.tenant, b.hash
FOR KEY SHARE OF b
