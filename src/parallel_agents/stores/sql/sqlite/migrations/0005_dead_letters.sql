-- Runs that failed after all their attempts, until they are dropped or a retry of them is over.
CREATE TABLE dead_letters (
    run TEXT PRIMARY KEY,
    session TEXT NOT NULL,
    agent TEXT NOT NULL,
    code TEXT NOT NULL,
    at REAL NOT NULL,
    dropped_at REAL,
    retried_by TEXT
) WITHOUT ROWID;
CREATE INDEX dead_letters_by_time ON dead_letters (at);
CREATE INDEX dead_letters_by_retry ON dead_letters (retried_by) WHERE retried_by IS NOT NULL;

-- Replies of models by a key of their whole request, for as long as they may answer it again.
CREATE TABLE replies (
    key TEXT PRIMARY KEY,
    body BLOB NOT NULL,
    at REAL NOT NULL,
    expires_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX replies_by_end ON replies (expires_at);
