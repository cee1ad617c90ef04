SELECT tenant, claim, owner FROM claims ORDER BY tenant, claim
