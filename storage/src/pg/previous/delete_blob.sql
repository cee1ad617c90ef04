DELETE FROM blobs WHERE tenant = $1::integer AND hash = $2::bytea
