SELECT version, name, checksum FROM takeoff_schema_history ORDER BY version
