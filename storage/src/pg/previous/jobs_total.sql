-- Planned anew each time, as the page is.
SELECT count(*)
FROM jobs j
WHERE j.tenant = $1::integer
  AND ($2::uuid IS NULL OR j.project_id = $2::uuid)
  AND ($3::uuid IS NULL OR j.subject_id = $3::uuid)
  AND (NOT $4::boolean OR j.task_type IS NOT NULL)
  AND ($5::smallint[] IS NULL OR j.state = ANY ($5::smallint[]))
  AND ($6::smallint IS NULL OR j.stage = $6::smallint)
  AND ($7::text IS NULL OR j.task_type = $7::text)
  AND ($8::bigint IS NULL OR j.created_at <= $8::bigint)
