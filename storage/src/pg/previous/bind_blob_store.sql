-- The first to name a store names it for good; the name in force is the answer.
INSERT INTO blob_store (one, name) VALUES (true, $1::text)
ON CONFLICT (one) DO UPDATE SET name = blob_store.name
RETURNING name
