SELECT tenant, hash, size FROM blobs ORDER BY tenant, hash
