-- Which process an owner is, so that a reused number is not taken for it, and the folder it works for.
ALTER TABLE owners ADD COLUMN boot TEXT NOT NULL DEFAULT '';
ALTER TABLE owners ADD COLUMN birth INTEGER NOT NULL DEFAULT 0;
ALTER TABLE owners ADD COLUMN project TEXT NOT NULL DEFAULT '';

-- How many processes died while they executed a run, without a step in between.
ALTER TABLE runs ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN died_after INTEGER NOT NULL DEFAULT 0;

-- The store's clock in each start of the machine: what to add to its steady clock for seconds since
-- 1970, and the least that was ever added, by which nothing is too old too early.
CREATE TABLE boots (
    id TEXT PRIMARY KEY,
    clock_offset REAL NOT NULL,
    least_offset REAL NOT NULL
) WITHOUT ROWID;
