-- Who paused a session, with all below it; empty while it may go on.
ALTER TABLE sessions ADD COLUMN paused_by TEXT NOT NULL DEFAULT '';
