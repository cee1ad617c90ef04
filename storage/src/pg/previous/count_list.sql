SELECT count(*)
FROM record_lists l
WHERE l.tenant = $1::integer AND l.kind = $2::smallint AND l.list = $3::smallint AND l.parent = $4::uuid
