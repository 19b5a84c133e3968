-- What the sessions of each tree share: values with versions, and which calls have written them.
CREATE TABLE state (
    tree TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    at REAL NOT NULL,
    by TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (tree, key)
) WITHOUT ROWID;
CREATE TABLE state_writes (
    run TEXT NOT NULL,
    call TEXT NOT NULL,
    tree TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (run, call)
) WITHOUT ROWID;

-- The artifacts of each tree, whose contents are files that their ids name.
CREATE TABLE artifacts (
    seq INTEGER PRIMARY KEY,
    tree TEXT NOT NULL,
    run TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    session TEXT NOT NULL,
    at REAL NOT NULL
);
CREATE UNIQUE INDEX artifacts_of_tree ON artifacts (tree, id, name, run);
CREATE INDEX artifacts_of_run ON artifacts (run);
CREATE INDEX artifacts_by_id ON artifacts (id);
