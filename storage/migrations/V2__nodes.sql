-- The nodes of the catalogue. All times are this database's.
-- States: 0 up, 1 draining, 2 gone.
CREATE TABLE nodes (
    name       text     PRIMARY KEY,
    -- The run of the node that has the name.
    life       uuid     NOT NULL,
    -- What its connections call themselves: when there is none, it is dead or cut off from here.
    session    text     NOT NULL,
    address    text     NOT NULL,
    roles      text[]   NOT NULL,
    -- Stages that it runs, by number, and its slots for each.
    stages     smallint[] NOT NULL,
    slots      bigint[] NOT NULL,
    version    text     NOT NULL,
    state      smallint NOT NULL,
    started_at bigint   NOT NULL,
    beat_at    bigint   NOT NULL,
    -- When somebody asked it to drain.
    drain_at   bigint
);

-- Leases that were taken away as their node was silent, kept for a while: whichever node takes away the others of
-- the same death knows by them that no job was alone.
CREATE TABLE ended_leases (
    node  text   NOT NULL,
    until bigint NOT NULL
);

CREATE INDEX ended_leases_by_age ON ended_leases (until);
