UPDATE records r
SET version = n.version, engine = n.engine, format = n.format, entered = n.entered, body = n.body
FROM unnest($1::integer[], $2::smallint[], $3::uuid[], $4::bigint[], $5::text[], $6::integer[], $7::bytea[],
            $8::bytea[]) AS n (tenant, kind, id, version, engine, format, entered, body)
WHERE r.tenant = n.tenant AND r.kind = n.kind AND r.id = n.id
