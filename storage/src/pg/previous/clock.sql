-- Microseconds since 1970 by the database's clock; a test gives its own time.
SELECT coalesce($1::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
