SELECT tenant, project, newest FROM event_counts ORDER BY tenant, project
