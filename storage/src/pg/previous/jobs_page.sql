-- Planned anew each time, so that what is not asked for falls away and the index that fits is used.
SELECT j.tenant, j.id, j.stage, j.lane, j.priority, j.state, j.run_at, j.attempts, j.child_deaths,
       j.node_deaths, j.token, j.lease_node, j.lease_until, j.percent, j.step, j.parent, j.children_left,
       j.children_failed, j.children_total, j.project_id, j.subject_id, j.created_at, j.started_at,
       j.finished_at, j.form, j.spec, j.outcome
FROM jobs j
WHERE j.tenant = $1::integer
  AND ($2::uuid IS NULL OR j.project_id = $2::uuid)
  AND ($3::uuid IS NULL OR j.subject_id = $3::uuid)
  AND (NOT $4::boolean OR j.task_type IS NOT NULL)
  AND ($5::smallint[] IS NULL OR j.state = ANY ($5::smallint[]))
  AND ($6::smallint IS NULL OR j.stage = $6::smallint)
  AND ($7::text IS NULL OR j.task_type = $7::text)
  AND ($8::bigint IS NULL OR j.created_at <= $8::bigint)
ORDER BY j.id DESC
OFFSET $9::bigint LIMIT $10::bigint
