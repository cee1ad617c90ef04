SELECT lease_node, lease_until FROM jobs WHERE state = 1 AND lease_node IS NOT NULL AND lease_until IS NOT NULL
