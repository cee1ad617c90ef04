-- Due jobs that nobody else is leasing at this moment: interactive before batch, between projects by their turns,
-- within a project by rank. More are picked than are wanted, as others may be at the first ones.
WITH RECURSIVE clock AS MATERIALIZED (
    SELECT coalesce($2::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS now
), lines (lane, project) AS (
    (SELECT j.lane, coalesce(j.project_id, '00000000-0000-0000-0000-000000000000'::uuid)
     FROM jobs j
     WHERE j.stage = $1::smallint AND j.state = 0
     ORDER BY 1, 2
     LIMIT 1)
    UNION ALL
    SELECT next.lane, next.project
    FROM lines l, LATERAL (
        SELECT j.lane, coalesce(j.project_id, '00000000-0000-0000-0000-000000000000'::uuid) AS project
        FROM jobs j
        WHERE j.stage = $1::smallint AND j.state = 0
          AND (j.lane, coalesce(j.project_id, '00000000-0000-0000-0000-000000000000'::uuid))
              > (l.lane, l.project)
        ORDER BY 1, 2
        LIMIT 1
    ) next
), turns (project, at, step) AS (
    SELECT * FROM unnest($5::uuid[], $6::bigint[], $7::bigint[])
), picked AS MATERIALIZED (
    SELECT l.lane, l.project, coalesce(t.at, $8::bigint) + due.nth * coalesce(t.step, $9::bigint) AS key,
           due.nth, due.tenant, due.id
    FROM lines l
    LEFT JOIN turns t ON t.project = l.project
    CROSS JOIN LATERAL (
        SELECT j.tenant, j.id, row_number() OVER (ORDER BY j.run_at + j.priority * 60000000::bigint, j.id) - 1 AS nth
        FROM jobs j, clock
        WHERE j.stage = $1::smallint AND j.state = 0 AND j.lane = l.lane
          AND coalesce(j.project_id, '00000000-0000-0000-0000-000000000000'::uuid) = l.project
          AND j.run_at <= clock.now
        ORDER BY j.run_at + j.priority * 60000000::bigint, j.id
        LIMIT $10::bigint
    ) due
    WHERE l.project <> ALL ($4::uuid[])
    ORDER BY l.lane, key, l.project, due.nth
    LIMIT $10::bigint
)
SELECT j.tenant, j.id, j.stage, j.lane, j.priority, j.state, j.run_at, j.attempts, j.child_deaths,
       j.node_deaths, j.token, j.lease_node, j.lease_until, j.percent, j.step, j.parent, j.children_left,
       j.children_failed, j.children_total, j.project_id, j.subject_id, j.created_at, j.started_at,
       j.finished_at, j.form, j.spec, j.outcome
FROM picked p
JOIN jobs j ON j.tenant = p.tenant AND j.id = p.id AND j.state = 0
ORDER BY p.lane, p.key, p.project, p.nth
LIMIT $3::bigint
FOR UPDATE OF j SKIP LOCKED
