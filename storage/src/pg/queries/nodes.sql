SELECT n.name, n.life, n.address, n.roles, n.stages, n.slots, n.version, n.state, n.started_at, n.beat_at,
       n.drain_at, t.now - n.beat_at AS silent
FROM nodes n, (SELECT coalesce($1::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS now) t
ORDER BY n.name COLLATE "C"
