-- By how much people have raised a budget since it was asked for.
ALTER TABLE budget_accounts ADD COLUMN raised_nanousd INTEGER NOT NULL DEFAULT 0;
ALTER TABLE budget_accounts ADD COLUMN raised_tokens INTEGER NOT NULL DEFAULT 0;

-- What failed lately.
CREATE INDEX runs_failed ON runs (finished_at)
    WHERE status IN ('failed', 'timed_out', 'over_budget');

-- Word of ends and questions that somebody wants to have, by the event that it tells of.
CREATE TABLE notifications (
    number INTEGER NOT NULL,
    target TEXT NOT NULL,
    about TEXT NOT NULL,
    tree TEXT NOT NULL,
    run TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'due',
    owner TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    at REAL NOT NULL,
    PRIMARY KEY (number, target)
) WITHOUT ROWID;
CREATE INDEX notifications_open ON notifications (state) WHERE state IN ('due', 'sending');
CREATE INDEX notifications_failed ON notifications (at) WHERE state = 'failed';
