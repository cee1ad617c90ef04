-- Leases that are held, and those that were taken away of late: one snapshot, in which each is once.
SELECT lease_node, lease_until FROM jobs WHERE state = 1 AND lease_node IS NOT NULL AND lease_until IS NOT NULL
UNION ALL
SELECT node, until FROM ended_leases
