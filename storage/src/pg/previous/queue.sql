-- How a stage's queue stands at a time.
WITH moment AS (
    SELECT coalesce($2::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS now
), ready AS (
    SELECT count(*) FILTER (WHERE j.run_at <= m.now) AS due,
           count(*) FILTER (WHERE j.run_at > m.now) AS delayed,
           min(j.run_at) FILTER (WHERE j.run_at <= m.now) AS oldest,
           min(j.run_at) FILTER (WHERE j.run_at > m.now) AS next
    FROM jobs j, moment m
    WHERE j.stage = $1::smallint AND j.state = 0
), held_up AS (
    SELECT count(*) FILTER (WHERE state = 2) AS waiting, count(*) FILTER (WHERE state = 5) AS dead
    FROM jobs
    WHERE stage = $1::smallint AND state IN (2, 5)
), leased AS (
    SELECT count(*) AS leased FROM jobs WHERE stage = $1::smallint AND state = 1
)
SELECT due, delayed, leased, waiting, dead, oldest, next, now FROM ready, held_up, leased, moment
