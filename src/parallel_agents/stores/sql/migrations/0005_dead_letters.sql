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
