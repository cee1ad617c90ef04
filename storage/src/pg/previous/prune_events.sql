DELETE FROM events
WHERE (tenant, project, seq) IN (
    SELECT tenant, project, seq FROM events WHERE at < $1::bigint ORDER BY at LIMIT $2::bigint
    FOR UPDATE SKIP LOCKED
)
