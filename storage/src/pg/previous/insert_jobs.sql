INSERT INTO jobs (tenant, id, stage, lane, priority, state, run_at, attempts, child_deaths, node_deaths, token,
                  lease_node, lease_until, percent, step, parent, children_left, children_failed,
                  children_total, project_id, subject_id, task_type, created_at, started_at, finished_at, form,
                  spec, outcome)
SELECT * FROM unnest($1::integer[], $2::uuid[], $3::smallint[], $4::smallint[], $5::smallint[],
                     $6::smallint[], $7::bigint[], $8::integer[], $9::integer[], $10::integer[], $11::bigint[],
                     $12::text[], $13::bigint[], $14::real[], $15::text[], $16::uuid[], $17::bigint[],
                     $18::bigint[], $19::bigint[], $20::uuid[], $21::uuid[], $22::text[], $23::bigint[],
                     $24::bigint[], $25::bigint[], $26::smallint[], $27::bytea[], $28::bytea[])
