SELECT c.tenant, c.id
FROM jobs c
JOIN unnest($1::integer[], $2::uuid[]) AS p (tenant, id) ON c.tenant = p.tenant AND c.parent = p.id
