INSERT INTO pulse (one, at) VALUES (true, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
ON CONFLICT (one) DO UPDATE SET at = excluded.at
