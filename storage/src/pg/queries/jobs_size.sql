-- Rows of the table of jobs, as the server last counted them; below 0 where it never did.
SELECT reltuples FROM pg_class WHERE oid = 'jobs'::regclass
