-- What views look for: sessions by what people call them.
CREATE INDEX sessions_by_label ON sessions (label);
CREATE INDEX sessions_by_short_key
    ON sessions (substr(key, length(rtrim(key, replace(key, ':', ''))) + 1));
CREATE INDEX sessions_by_task_name
    ON sessions (CASE WHEN json_valid(options) THEN json_extract(options, '$.task_name') END)
    WHERE options <> '{}';

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
