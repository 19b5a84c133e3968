-- How fast each model may be asked, by all processes of the store: limits as set, and what was learned.
CREATE TABLE throttles (
    model TEXT PRIMARY KEY,
    body BLOB NOT NULL
) WITHOUT ROWID;
