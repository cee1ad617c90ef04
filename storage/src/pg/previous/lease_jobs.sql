-- What a lease and its renewal change, and no more.
UPDATE jobs j
SET state = 1, token = n.token, lease_node = n.lease_node, lease_until = n.lease_until, started_at = n.started_at,
    percent = n.percent, step = n.step
FROM unnest($1::integer[], $2::uuid[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::real[],
            $8::text[]) AS n (tenant, id, token, lease_node, lease_until, started_at, percent, step)
WHERE j.tenant = n.tenant AND j.id = n.id
