-- The catalogue: records with the lists they are entered in, claims, blobs, events, jobs.
-- Times are microseconds since 1970-01-01T00:00:00Z, by the clock of this database.

CREATE TABLE records (
    tenant  integer  NOT NULL,
    kind    smallint NOT NULL,
    id      uuid     NOT NULL,
    version bigint   NOT NULL,
    -- Version of the engine that wrote it.
    engine  text     NOT NULL,
    -- Format of the body.
    format  integer  NOT NULL,
    -- The lists and blobs it is entered under, so that a later put removes them.
    entered bytea    NOT NULL,
    body    bytea    NOT NULL,
    PRIMARY KEY (tenant, kind, id)
);

CREATE TABLE record_lists (
    tenant integer  NOT NULL,
    kind   smallint NOT NULL,
    list   smallint NOT NULL,
    parent uuid     NOT NULL,
    id     uuid     NOT NULL,
    PRIMARY KEY (tenant, kind, list, parent, id)
);

CREATE TABLE claims (
    tenant integer NOT NULL,
    claim  bytea   NOT NULL,
    owner  uuid    NOT NULL,
    PRIMARY KEY (tenant, claim)
);

CREATE TABLE blobs (
    tenant integer NOT NULL,
    hash   bytea   NOT NULL,
    size   bigint  NOT NULL,
    PRIMARY KEY (tenant, hash)
);

CREATE TABLE blob_refs (
    tenant integer  NOT NULL,
    hash   bytea    NOT NULL,
    kind   smallint NOT NULL,
    id     uuid     NOT NULL,
    PRIMARY KEY (tenant, hash, kind, id)
);

CREATE TABLE event_counts (
    tenant  integer NOT NULL,
    project uuid    NOT NULL,
    newest  bigint  NOT NULL,
    PRIMARY KEY (tenant, project)
);

CREATE TABLE events (
    tenant  integer NOT NULL,
    project uuid    NOT NULL,
    seq     bigint  NOT NULL,
    at      bigint  NOT NULL,
    name    text    NOT NULL,
    payload bytea   NOT NULL,
    PRIMARY KEY (tenant, project, seq)
);

CREATE INDEX events_by_age ON events (at);

-- States: 0 ready, 1 leased, 2 waiting, 3 succeeded, 4 refused, 5 dead, 6 cancelled.
CREATE TABLE jobs (
    tenant          integer  NOT NULL,
    id              uuid     NOT NULL,
    stage           smallint NOT NULL,
    lane            smallint NOT NULL,
    priority        smallint NOT NULL,
    state           smallint NOT NULL,
    run_at          bigint   NOT NULL,
    attempts        integer  NOT NULL,
    child_deaths    integer  NOT NULL,
    node_deaths     integer  NOT NULL,
    -- Leases ever given; that of the present lease.
    token           bigint   NOT NULL,
    lease_node      text,
    lease_until     bigint,
    percent         real     NOT NULL,
    step            text,
    parent          uuid,
    children_left   bigint   NOT NULL,
    children_failed bigint   NOT NULL,
    children_total  bigint   NOT NULL,
    project_id      uuid,
    subject_id      uuid,
    task_type       text,
    created_at      bigint   NOT NULL,
    started_at      bigint,
    finished_at     bigint,
    -- Form of the two bodies.
    form            smallint NOT NULL,
    -- What it is to do; never changed.
    spec            bytea    NOT NULL,
    -- What came of it so far.
    outcome         bytea    NOT NULL,
    PRIMARY KEY (tenant, id),
    CHECK ((state = 1) = (lease_until IS NOT NULL)),
    CHECK ((state = 1) = (lease_node IS NOT NULL))
) WITH (
    fillfactor = 80,
    -- Each job is changed at least twice, and the head of the queue is read all the time.
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_analyze_scale_factor = 0.05
);

-- Projects that have something ready, and within each the order of leases: a step of priority is worth a minute of
-- waiting. Jobs of no project stand under the nil uuid.
CREATE INDEX jobs_ready ON jobs (
    stage, lane, (coalesce(project_id, '00000000-0000-0000-0000-000000000000'::uuid)),
    (run_at + priority * 60000000::bigint), id
) WHERE state = 0;
-- As many rows as the nodes have slots.
CREATE INDEX jobs_leased ON jobs (id) WHERE state = 1;
CREATE INDEX jobs_held_up ON jobs (stage, state) WHERE state IN (2, 5);
CREATE INDEX jobs_ended ON jobs (finished_at, id) WHERE state IN (3, 4, 6);
CREATE INDEX jobs_of_project ON jobs (tenant, project_id, id) WHERE project_id IS NOT NULL;
CREATE INDEX jobs_of_subject ON jobs (tenant, subject_id, id) WHERE subject_id IS NOT NULL;
CREATE INDEX jobs_as_tasks ON jobs (tenant, id) WHERE task_type IS NOT NULL;
CREATE INDEX jobs_of_parent ON jobs (tenant, parent, id) WHERE parent IS NOT NULL;

-- One row, written to prove that writes are acknowledged.
CREATE TABLE pulse (
    one boolean PRIMARY KEY CHECK (one),
    at  bigint  NOT NULL
);

-- One row: the store that holds the blobs of this catalogue, once it has one.
CREATE TABLE blob_store (
    one  boolean PRIMARY KEY CHECK (one),
    name text    NOT NULL
);
