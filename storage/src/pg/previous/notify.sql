SELECT pg_notify('takeoff_wake', $1::text)
