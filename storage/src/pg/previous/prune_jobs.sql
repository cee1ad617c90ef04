-- Dead letters stay until an operator acts, children as long as their parent has not ended.
DELETE FROM jobs
WHERE (tenant, id) IN (
    SELECT j.tenant, j.id
    FROM jobs j
    WHERE j.state IN (3, 4, 6) AND j.finished_at < $1::bigint
      AND NOT EXISTS (
          SELECT FROM jobs p
          WHERE p.tenant = j.tenant AND p.id = j.parent AND p.state IN (0, 1, 2)
      )
    ORDER BY j.finished_at, j.id
    LIMIT $2::bigint
    FOR UPDATE OF j SKIP LOCKED
)
