-- A link per transaction that wrote events: its hash covers them, and the hash of the link before.
CREATE TABLE links (
    number INTEGER PRIMARY KEY,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    hash BLOB NOT NULL
);

-- The chain begins after what was there before it.
INSERT INTO links (number, first_seq, last_seq, hash)
SELECT 0, 0, COALESCE(MAX(seq), 0), zeroblob(32) FROM events;
