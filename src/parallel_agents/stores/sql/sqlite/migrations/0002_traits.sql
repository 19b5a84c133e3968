-- How a session is kept, and what its parent hears of it: JSON, as most sessions have no traits.
ALTER TABLE sessions ADD COLUMN traits TEXT NOT NULL DEFAULT '{}';
