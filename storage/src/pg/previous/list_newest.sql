-- A page of a list, newest first.
SELECT r.id, r.version, r.engine, r.format, r.body
FROM record_lists l
JOIN records r ON r.tenant = l.tenant AND r.kind = l.kind AND r.id = l.id
WHERE l.tenant = $1::integer AND l.kind = $2::smallint AND l.list = $3::smallint AND l.parent = $4::uuid
  AND ($5::uuid IS NULL OR l.id < $5::uuid)
ORDER BY l.id DESC
LIMIT $6::bigint
