SELECT name FROM blob_store
