SELECT owner FROM claims WHERE tenant = $1::integer AND claim = $2::bytea
