DELETE FROM records r
USING unnest($1::integer[], $2::smallint[], $3::uuid[]) AS k (tenant, kind, id)
WHERE r.tenant = k.tenant AND r.kind = k.kind AND r.id = k.id
