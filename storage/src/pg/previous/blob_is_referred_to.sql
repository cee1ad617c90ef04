SELECT EXISTS (SELECT FROM blob_refs WHERE tenant = $1::integer AND hash = $2::bytea)
