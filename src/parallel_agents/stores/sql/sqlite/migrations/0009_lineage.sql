-- Who asked for a run, and which request from outside it goes back to.
ALTER TABLE runs ADD COLUMN asked_by TEXT;
ALTER TABLE runs ADD COLUMN request TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN spawned INTEGER NOT NULL DEFAULT 0;
-- The first run of a child was asked for by the run of its parent that was the latest at that time.
UPDATE runs SET asked_by = (
    SELECT parent.id FROM sessions AS child JOIN runs AS parent ON parent.session = child.parent
    WHERE child.key = runs.session AND (parent.number = 1 OR parent.created_at <= child.created_at)
    ORDER BY parent.number DESC LIMIT 1)
WHERE number = 1;
UPDATE runs SET request = id;
CREATE INDEX runs_by_asker ON runs (asked_by) WHERE asked_by IS NOT NULL;
