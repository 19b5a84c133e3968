-- The field's names: a budget is an account, a session has options, an owner a heartbeat.
ALTER TABLE purses RENAME TO budget_accounts;
ALTER TABLE sessions RENAME COLUMN traits TO options;
ALTER TABLE owners RENAME COLUMN beat_at TO heartbeat_at;
UPDATE runs SET kind = 'agent' WHERE kind = 'subagent';

-- Hashes cover the events, so those with old names stay as they are and are upcast when read.
CREATE TABLE formats (
    format INTEGER PRIMARY KEY,
    last_seq INTEGER NOT NULL
);
INSERT INTO formats (format, last_seq) SELECT 1, COALESCE(MAX(seq), 0) FROM events;
ALTER TABLE agents ADD COLUMN format INTEGER NOT NULL DEFAULT 1;
