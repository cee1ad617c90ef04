SELECT split_part(current_setting('server_version'), ' ', 1),
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
       current_setting('max_connections')::bigint
