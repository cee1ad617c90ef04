UPDATE nodes n
SET beat_at = t.now, state = $3::smallint, address = $4::text,
    drain_at = CASE WHEN $3::smallint = 2 THEN NULL ELSE n.drain_at END
FROM (SELECT coalesce($5::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS now) t
WHERE n.name = $1::text AND n.life = $2::uuid
RETURNING n.name, n.life, n.address, n.roles, n.stages, n.slots, n.version, n.state, n.started_at, n.beat_at,
          n.drain_at, 0::bigint AS silent
