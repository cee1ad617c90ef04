SELECT r.id, r.version, r.engine, r.format, r.body
FROM records r
WHERE r.tenant = $1::integer AND r.kind = $2::smallint AND r.id = ANY ($3::uuid[])
