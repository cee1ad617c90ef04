SELECT c.tenant, c.claim, c.owner
FROM claims c
JOIN unnest($1::integer[], $2::bytea[]) AS k (tenant, claim) ON c.tenant = k.tenant AND c.claim = k.claim
ORDER BY c.tenant, c.claim
FOR UPDATE OF c
