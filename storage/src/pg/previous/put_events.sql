-- Numbers the events of a group, each project's in order. It comes last: the counters stay locked until the
-- group has ended, so that numbers become visible in order.
WITH new AS (
    SELECT n.*, row_number() OVER (PARTITION BY tenant, project ORDER BY nth) AS place,
           count(*) OVER (PARTITION BY tenant, project) AS of
    FROM unnest($1::integer[], $2::uuid[], $3::text[], $4::bytea[])
         WITH ORDINALITY AS n (tenant, project, name, payload, nth)
), raised AS (
    INSERT INTO event_counts AS c (tenant, project, newest)
    SELECT tenant, project, count(*) FROM new GROUP BY tenant, project ORDER BY tenant, project
    ON CONFLICT (tenant, project) DO UPDATE SET newest = c.newest + excluded.newest
    RETURNING tenant, project, newest
)
INSERT INTO events (tenant, project, seq, at, name, payload)
SELECT n.tenant, n.project, r.newest - n.of + n.place, $5::bigint, n.name, n.payload
FROM new n JOIN raised r ON r.tenant = n.tenant AND r.project = n.project
