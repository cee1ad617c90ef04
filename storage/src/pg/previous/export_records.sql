SELECT tenant, kind, id, version, engine, format, entered, body FROM records ORDER BY tenant, kind, id
