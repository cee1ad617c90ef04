DELETE FROM nodes
WHERE beat_at < coalesce($1::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) - $2::bigint
