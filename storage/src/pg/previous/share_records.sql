-- Records that a group only expects something of: nobody changes them until it has ended.
SELECT r.tenant, r.kind, r.id, r.version, r.entered
FROM records r
JOIN unnest($1::integer[], $2::smallint[], $3::uuid[]) AS k (tenant, kind, id)
  ON r.tenant = k.tenant AND r.kind = k.kind AND r.id = k.id
ORDER BY r.tenant, r.kind, r.id
FOR SHARE OF r
