-- Who is there keeps its name while it is heard of and has a connection. $9 is how long it may be silent, in
-- microseconds, $10 a test's time.
INSERT INTO nodes AS n (name, life, session, address, roles, stages, slots, version, state, started_at, beat_at)
SELECT $1::text, $2::uuid, current_setting('application_name'), $3::text, $4::text[], $5::smallint[], $6::bigint[],
       $7::text, $8::smallint, t.now, t.now
FROM (SELECT coalesce($10::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS now) t
ON CONFLICT (name) DO UPDATE
SET life = excluded.life, session = excluded.session, address = excluded.address, roles = excluded.roles,
    stages = excluded.stages, slots = excluded.slots, version = excluded.version, state = excluded.state,
    started_at = excluded.started_at, beat_at = excluded.beat_at,
    drain_at = CASE WHEN n.state = 2 THEN NULL ELSE n.drain_at END
WHERE n.life = excluded.life OR n.state = 2 OR n.beat_at <= excluded.beat_at - $9::bigint
   OR NOT EXISTS (SELECT 1 FROM pg_stat_activity a
                  WHERE a.datname = current_database() AND a.application_name = n.session)
RETURNING n.name, n.life, n.address, n.roles, n.stages, n.slots, n.version, n.state, n.started_at, n.beat_at,
          n.drain_at, 0::bigint AS silent
