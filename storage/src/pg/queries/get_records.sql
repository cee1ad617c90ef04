-- By a join over all three columns, so that each is found by its whole key: as long as the server thinks the table small it
-- reads all of a kind and compares, for `= ANY` and for a join over the ids alone.
SELECT r.id, r.version, r.engine, r.format, r.body
FROM (SELECT $1::integer AS tenant, $2::smallint AS kind, unnest($3::uuid[]) AS id) AS k
JOIN records r ON r.tenant = k.tenant AND r.kind = k.kind AND r.id = k.id
