-- Rows of the table of jobs, as the server last counted them (below 0 where it never did), and whether this user may have it
-- vacuumed: its owner, the owner of the database, a superuser.
SELECT c.reltuples,
       pg_has_role(c.relowner, 'USAGE') OR pg_has_role(d.datdba, 'USAGE')
FROM pg_class c, pg_database d
WHERE c.oid = 'jobs'::regclass AND d.datname = current_database()
