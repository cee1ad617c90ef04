DELETE FROM ended_leases WHERE until < $1::bigint
