-- The leases of a node among the named jobs. One that a commit is about to end is waited for.
SELECT j.tenant, j.id, j.stage, j.lane, j.priority, j.state, j.run_at, j.attempts, j.child_deaths,
       j.node_deaths, j.token, j.lease_node, j.lease_until, j.percent, j.step, j.parent, j.children_left,
       j.children_failed, j.children_total, j.project_id, j.subject_id, j.created_at, j.started_at,
       j.finished_at, j.form, j.spec, j.outcome
FROM jobs j
WHERE j.id = ANY ($1::uuid[]) AND j.state = 1 AND j.lease_node = $2::text
ORDER BY j.tenant, j.id
FOR UPDATE OF j
