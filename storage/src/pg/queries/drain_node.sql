UPDATE nodes n
SET drain_at = coalesce(n.drain_at, t.now)
FROM (SELECT coalesce($2::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS now) t
WHERE n.name = $1::text AND n.state <> 2
RETURNING n.name, n.life, n.address, n.roles, n.stages, n.slots, n.version, n.state, n.started_at, n.beat_at,
          n.drain_at, t.now - n.beat_at AS silent
