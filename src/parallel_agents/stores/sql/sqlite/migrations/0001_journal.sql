-- The journal: events, and the projections that change in the same transaction.
CREATE TABLE agents (
    digest TEXT PRIMARY KEY,
    body BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE sessions (
    key TEXT PRIMARY KEY,
    agent TEXT NOT NULL,
    label TEXT NOT NULL,
    parent TEXT NOT NULL,
    spawn_key TEXT NOT NULL,
    digest TEXT NOT NULL,
    root TEXT NOT NULL,
    depth INTEGER NOT NULL,
    killed INTEGER NOT NULL,
    created_at REAL NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX sessions_by_parent ON sessions (parent, spawn_key);
CREATE INDEX sessions_by_root ON sessions (root);

CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    session TEXT NOT NULL,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    title TEXT NOT NULL,
    model TEXT NOT NULL,
    priority INTEGER NOT NULL,
    owner TEXT,
    epoch INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    calls INTEGER NOT NULL DEFAULT 0,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cache_read_tokens INTEGER NOT NULL DEFAULT 0,
    cache_write_tokens INTEGER NOT NULL DEFAULT 0,
    cost_nanousd INTEGER NOT NULL DEFAULT 0,
    unpriced_calls INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    started_at REAL,
    finished_at REAL,
    error_code TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE UNIQUE INDEX runs_by_session ON runs (session, number);
CREATE INDEX runs_live ON runs (owner) WHERE status IN ('queued', 'running');

-- `key` says what an event is within its run, and is there once; `seq` orders the whole store.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    run TEXT NOT NULL,
    key TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE UNIQUE INDEX events_by_key ON events (run, key);

CREATE TABLE owners (
    id TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    role TEXT NOT NULL,
    state TEXT NOT NULL,
    beat_at REAL NOT NULL
) WITHOUT ROWID;
