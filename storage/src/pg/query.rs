//! The statements, a file each.

macro_rules! queries {
    ($($name:ident = $file:literal;)+) => {
        $(pub(super) const $name: &str = include_str!(concat!("queries/", $file, ".sql"));)+

        /// All of them, for the test that prepares each on the schema.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$(($file, $name)),+];
    };
}

queries! {
    BEAT_NODE = "beat_node";
    BIND_BLOB_STORE = "bind_blob_store";
    BLOB_IS_REFERRED_TO = "blob_is_referred_to";
    BLOB_STORE = "blob_store";
    CHILDREN = "children";
    CLAIM_OWNER = "claim_owner";
    CLOCK = "clock";
    COUNT_LIST = "count_list";
    DELETE_BLOB = "delete_blob";
    DELETE_CLAIMS = "delete_claims";
    DELETE_LISTS = "delete_lists";
    DELETE_RECORDS = "delete_records";
    DELETE_REFS = "delete_refs";
    DRAIN_NODE = "drain_node";
    END_LEASES = "end_leases";
    EVENTS = "events";
    EXPORT_BLOBS = "export_blobs";
    EXPORT_CLAIMS = "export_claims";
    EXPORT_EVENT_COUNTS = "export_event_counts";
    EXPORT_EVENTS = "export_events";
    EXPORT_JOBS = "export_jobs";
    EXPORT_RECORDS = "export_records";
    FORGET_LEASES = "forget_leases";
    FORGET_NODES = "forget_nodes";
    GET_RECORDS = "get_records";
    HAS_BLOBS = "has_blobs";
    IMPORT_EVENT_COUNTS = "import_event_counts";
    IMPORT_EVENTS = "import_events";
    INSERT_JOBS = "insert_jobs";
    INSERT_LISTS = "insert_lists";
    INSERT_RECORDS = "insert_records";
    INSERT_REFS = "insert_refs";
    IS_EMPTY = "is_empty";
    JOBS = "jobs";
    JOBS_PAGE = "jobs_page";
    JOBS_SIZE = "jobs_size";
    JOBS_TOTAL = "jobs_total";
    JOIN_NODE = "join_node";
    LEASE_JOBS = "lease_jobs";
    LEASES = "leases";
    LIST_NEWEST = "list_newest";
    LIST_OLDEST = "list_oldest";
    LOCK_BLOB = "lock_blob";
    LOCK_BLOBS = "lock_blobs";
    LOCK_CLAIMS = "lock_claims";
    LOCK_JOBS = "lock_jobs";
    LOCK_RECORDS = "lock_records";
    MOVE_CLAIMS = "move_claims";
    NODES = "nodes";
    NOTIFY = "notify";
    PICK_DUE = "pick_due";
    PICK_EXPIRED = "pick_expired";
    PICK_HELD = "pick_held";
    PING = "ping";
    PROBE = "probe";
    PRUNE_EVENTS = "prune_events";
    PRUNE_JOBS = "prune_jobs";
    PUT_BLOBS = "put_blobs";
    PUT_CLAIMS = "put_claims";
    PUT_EVENTS = "put_events";
    QUEUE = "queue";
    SCHEMA_APPLIED = "schema_applied";
    SCHEMA_STATE = "schema_state";
    SHARE_RECORDS = "share_records";
    UPDATE_JOBS = "update_jobs";
    UPDATE_RECORDS = "update_records";
}
