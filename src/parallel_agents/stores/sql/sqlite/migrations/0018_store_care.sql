-- What was pruned: a record for each step, covered by the hash of a link, and what it left of links.
CREATE TABLE prunings (
    link INTEGER PRIMARY KEY,
    body BLOB NOT NULL
);
CREATE TABLE pruned_links (
    link INTEGER NOT NULL,
    pruning INTEGER NOT NULL,
    events INTEGER NOT NULL,
    rest BLOB NOT NULL,
    PRIMARY KEY (link, pruning)
) WITHOUT ROWID;
CREATE INDEX pruned_links_by_pruning ON pruned_links (pruning);
-- The trees of which a part is gone already.
CREATE TABLE removing (
    tree TEXT PRIMARY KEY,
    label TEXT NOT NULL,
    by TEXT NOT NULL,
    why TEXT NOT NULL,
    at REAL NOT NULL
) WITHOUT ROWID;
-- What the runs cost that are gone, by the day on which they ended.
CREATE TABLE pruned_spend (
    day TEXT NOT NULL,
    agent TEXT NOT NULL,
    runs INTEGER NOT NULL,
    nanousd INTEGER NOT NULL,
    simulated INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    PRIMARY KEY (day, agent)
) WITHOUT ROWID;
CREATE INDEX runs_ended ON runs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX runs_created ON runs (created_at);
