UPDATE jobs j
SET state = n.state, run_at = n.run_at, attempts = n.attempts, child_deaths = n.child_deaths,
    node_deaths = n.node_deaths, token = n.token, lease_node = n.lease_node, lease_until = n.lease_until,
    percent = n.percent, step = n.step, parent = n.parent, children_left = n.children_left,
    children_failed = n.children_failed, children_total = n.children_total, started_at = n.started_at,
    finished_at = n.finished_at, form = n.form, outcome = n.outcome
FROM unnest($1::integer[], $2::uuid[], $3::smallint[], $4::bigint[], $5::integer[], $6::integer[],
            $7::integer[], $8::bigint[], $9::text[], $10::bigint[], $11::real[], $12::text[], $13::uuid[],
            $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::smallint[],
            $20::bytea[])
  AS n (tenant, id, state, run_at, attempts, child_deaths, node_deaths, token, lease_node, lease_until, percent,
        step, parent, children_left, children_failed, children_total, started_at, finished_at, form, outcome)
WHERE j.tenant = n.tenant AND j.id = n.id
