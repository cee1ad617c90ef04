SELECT tenant, project, seq, at, name, payload FROM events ORDER BY tenant, project, seq
