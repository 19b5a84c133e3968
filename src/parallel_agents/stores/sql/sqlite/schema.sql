-- The journal: events, and the projections that change in the same transaction.
CREATE TABLE agents (
    digest TEXT PRIMARY KEY,
    body BLOB NOT NULL,
    format INTEGER NOT NULL DEFAULT 1
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
    created_at REAL NOT NULL,
    options TEXT NOT NULL DEFAULT '{}',
    paused_by TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE UNIQUE INDEX sessions_by_parent ON sessions (parent, spawn_key);
CREATE INDEX sessions_by_root ON sessions (root);
-- What people call sessions.
CREATE INDEX sessions_by_label ON sessions (label);
CREATE INDEX sessions_by_short_key
    ON sessions (substr(key, length(rtrim(key, replace(key, ':', ''))) + 1));
CREATE INDEX sessions_by_task_name
    ON sessions (CASE WHEN json_valid(options) THEN json_extract(options, '$.task_name') END)
    WHERE options <> '{}';

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
    error_code TEXT NOT NULL DEFAULT '',
    idle_seconds REAL NOT NULL DEFAULT 0,
    released_at REAL,
    asked_by TEXT,
    request TEXT NOT NULL DEFAULT '',
    spawned INTEGER NOT NULL DEFAULT 0,
    deaths INTEGER NOT NULL DEFAULT 0,
    died_after INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE UNIQUE INDEX runs_by_session ON runs (session, number);
CREATE INDEX runs_by_asker ON runs (asked_by) WHERE asked_by IS NOT NULL;
CREATE INDEX runs_live ON runs (owner) WHERE status IN ('queued', 'running');
-- What failed lately.
CREATE INDEX runs_failed ON runs (finished_at)
    WHERE status IN ('failed', 'timed_out', 'over_budget');

-- `key` names an event within its run, once; `seq` orders all events of the store.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    run TEXT NOT NULL,
    key TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE UNIQUE INDEX events_by_key ON events (run, key);
CREATE INDEX questions ON events (seq) WHERE key GLOB '*/asked';
CREATE INDEX unanswered ON events (run) WHERE key GLOB 'turn-*/unanswered-*';

CREATE TABLE owners (
    id TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    role TEXT NOT NULL,
    state TEXT NOT NULL,
    heartbeat_at REAL NOT NULL,
    boot TEXT NOT NULL DEFAULT '',
    birth INTEGER NOT NULL DEFAULT 0,
    project TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

-- The store's clock in each start of the machine: what to add to its steady clock for seconds since
-- 1970, and the least that was ever added, by which nothing is too old too early.
CREATE TABLE boots (
    id TEXT PRIMARY KEY,
    clock_offset REAL NOT NULL,
    least_offset REAL NOT NULL
) WITHOUT ROWID;

-- An account for each budget, and what in-flight calls have reserved in it.
CREATE TABLE budget_accounts (
    scope TEXT PRIMARY KEY,
    limit_nanousd INTEGER,
    limit_tokens INTEGER,
    on_limit TEXT NOT NULL,
    spent_nanousd INTEGER NOT NULL DEFAULT 0,
    spent_tokens INTEGER NOT NULL DEFAULT 0,
    reserved_nanousd INTEGER NOT NULL DEFAULT 0,
    reserved_tokens INTEGER NOT NULL DEFAULT 0,
    noticed INTEGER NOT NULL DEFAULT 0,
    raised_nanousd INTEGER NOT NULL DEFAULT 0,
    raised_tokens INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE reservations (
    run TEXT NOT NULL,
    scope TEXT NOT NULL,
    nanousd INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    PRIMARY KEY (run, scope)
) WITHOUT ROWID;
-- What a UTC day may cost, by who said so: a process, or (with an empty owner) the home's own file.
CREATE TABLE day_limits (
    scope TEXT NOT NULL,
    owner TEXT NOT NULL,
    limit_nanousd INTEGER,
    limit_tokens INTEGER,
    on_limit TEXT NOT NULL,
    PRIMARY KEY (scope, owner)
) WITHOUT ROWID;
-- How fast all processes of the store may call each model: configured limits, and what was learned.
CREATE TABLE throttles (
    model TEXT PRIMARY KEY,
    body BLOB NOT NULL
) WITHOUT ROWID;
-- Runs that failed after all their attempts, until they are dropped or a retry has ended.
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

-- Model replies by a key of their whole request, for as long as they may answer it again.
CREATE TABLE replies (
    key TEXT PRIMARY KEY,
    body BLOB NOT NULL,
    at REAL NOT NULL,
    expires_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX replies_by_end ON replies (expires_at);
-- A link for each transaction that wrote events: its hash covers them and the previous hash.
CREATE TABLE links (
    number INTEGER PRIMARY KEY,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    hash BLOB NOT NULL
);
-- The chain begins after what was there before it: nothing in a new store.
INSERT INTO links (number, first_seq, last_seq, hash) VALUES (0, 0, 0, zeroblob(32));

-- How far the journal was verified: up to which link, and what there was by then.
CREATE TABLE checkpoints (
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    last_seq INTEGER NOT NULL,
    events INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    rows_hash BLOB NOT NULL,
    at REAL NOT NULL
);

-- Which events an older version wrote, with field names that are upcast when they are read.
CREATE TABLE formats (
    format INTEGER PRIMARY KEY,
    last_seq INTEGER NOT NULL
);
INSERT INTO formats (format, last_seq) VALUES (1, 0);

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

-- What was pruned: a record for each step, covered by the hash of the link with its number.
CREATE TABLE prunings (
    link INTEGER PRIMARY KEY,
    body BLOB NOT NULL
);
-- How many events of a link are gone after a step, and a hash over those that are left.
CREATE TABLE pruned_links (
    link INTEGER NOT NULL,
    pruning INTEGER NOT NULL,
    events INTEGER NOT NULL,
    rest BLOB NOT NULL,
    PRIMARY KEY (link, pruning)
) WITHOUT ROWID;
CREATE INDEX pruned_links_by_pruning ON pruned_links (pruning);
-- The trees of which a part is gone already: whoever prunes next removes the rest.
CREATE TABLE removing (
    tree TEXT PRIMARY KEY,
    label TEXT NOT NULL,
    by TEXT NOT NULL,
    why TEXT NOT NULL,
    at REAL NOT NULL
) WITHOUT ROWID;
-- What the runs cost that are gone, by the UTC day on which they ended.
CREATE TABLE pruned_spend (
    day TEXT NOT NULL,
    agent TEXT NOT NULL,
    runs INTEGER NOT NULL,
    nanousd INTEGER NOT NULL,
    simulated INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    PRIMARY KEY (day, agent)
) WITHOUT ROWID;
-- What ended first.
CREATE INDEX runs_ended ON runs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX runs_created ON runs (created_at);
