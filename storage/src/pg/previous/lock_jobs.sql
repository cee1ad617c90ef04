-- The named jobs, their parents (who may have to be told of an end), and below those that are cancelled
-- all there is. One statement locks them in the order of their keys, so that two groups never wait for
-- each other.
WITH RECURSIVE named AS (
    SELECT * FROM unnest($1::integer[], $2::uuid[], $3::boolean[]) AS n (tenant, id, cancels)
), below AS (
    SELECT tenant, id FROM named WHERE cancels
    UNION
    SELECT c.tenant, c.id FROM below b JOIN jobs c ON c.tenant = b.tenant AND c.parent = b.id
), wanted AS (
    SELECT tenant, id FROM named
    UNION
    SELECT tenant, id FROM below
    UNION
    SELECT c.tenant, c.parent FROM named n JOIN jobs c ON c.tenant = n.tenant AND c.id = n.id
    WHERE c.parent IS NOT NULL
)
SELECT j.tenant, j.id, j.stage, j.lane, j.priority, j.state, j.run_at, j.attempts, j.child_deaths,
       j.node_deaths, j.token, j.lease_node, j.lease_until, j.percent, j.step, j.parent, j.children_left,
       j.children_failed, j.children_total, j.project_id, j.subject_id, j.created_at, j.started_at,
       j.finished_at, j.form, j.spec, j.outcome
FROM jobs j JOIN wanted w ON j.tenant = w.tenant AND j.id = w.id
ORDER BY j.tenant, j.id
FOR UPDATE OF j
