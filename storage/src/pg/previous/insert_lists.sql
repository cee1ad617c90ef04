INSERT INTO record_lists (tenant, kind, list, parent, id)
SELECT * FROM unnest($1::integer[], $2::smallint[], $3::smallint[], $4::uuid[], $5::uuid[])
