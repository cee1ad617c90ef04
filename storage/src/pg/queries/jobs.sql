SELECT j.tenant, j.id, j.stage, j.lane, j.priority, j.state, j.run_at, j.attempts, j.child_deaths,
       j.node_deaths, j.token, j.lease_node, j.lease_until, j.percent, j.step, j.parent, j.children_left,
       j.children_failed, j.children_total, j.project_id, j.subject_id, j.created_at, j.started_at,
       j.finished_at, j.form, j.spec, j.outcome
FROM unnest($1::integer[], $2::uuid[]) AS n (tenant, id)
JOIN jobs j ON j.tenant = n.tenant AND j.id = n.id
