UPDATE claims c
SET owner = n.owner
FROM unnest($1::integer[], $2::bytea[], $3::uuid[]) AS n (tenant, claim, owner)
WHERE c.tenant = n.tenant AND c.claim = n.claim
