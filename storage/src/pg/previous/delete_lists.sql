DELETE FROM record_lists l
USING unnest($1::integer[], $2::smallint[], $3::smallint[], $4::uuid[], $5::uuid[])
   AS k (tenant, kind, list, parent, id)
WHERE l.tenant = k.tenant AND l.kind = k.kind AND l.list = k.list AND l.parent = k.parent AND l.id = k.id
