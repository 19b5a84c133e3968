-- What a UTC day may cost, by who said so: a process, or (with an empty owner) the home's own file.
CREATE TABLE day_limits (
    scope TEXT NOT NULL,
    owner TEXT NOT NULL,
    limit_nanousd INTEGER,
    limit_tokens INTEGER,
    on_limit TEXT NOT NULL,
    PRIMARY KEY (scope, owner)
) WITHOUT ROWID;
