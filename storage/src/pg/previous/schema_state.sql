-- Whether there is a history of migrations, and what else stands in this schema that no extension owns.
SELECT to_regclass(format('%I.takeoff_schema_history', current_schema())) IS NOT NULL AS has_history,
       current_schema()::text AS schema,
       (SELECT string_agg(c.relname, ', ' ORDER BY c.relname)
        FROM (
            SELECT c.relname
            FROM pg_class c
            WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
              AND c.relname <> 'takeoff_schema_history'
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
            ORDER BY c.relname
            LIMIT 4
        ) c) AS relations,
       pg_is_in_recovery() AS replica
