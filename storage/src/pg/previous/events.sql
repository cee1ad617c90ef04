SELECT seq, at, name, payload
FROM events
WHERE tenant = $1::integer AND project = $2::uuid AND seq > $3::bigint
ORDER BY seq
LIMIT $4::bigint
