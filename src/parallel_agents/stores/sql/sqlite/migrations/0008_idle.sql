-- How long no process executed a run that had begun: until its last claim, and since its release.
ALTER TABLE runs ADD COLUMN idle_seconds REAL NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN released_at REAL;
