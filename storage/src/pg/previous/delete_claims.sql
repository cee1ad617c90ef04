DELETE FROM claims c
USING unnest($1::integer[], $2::bytea[]) AS k (tenant, claim)
WHERE c.tenant = k.tenant AND c.claim = k.claim
