-- What may be spent, by whom: a purse for each budget, and the room that calls under way have in it.
CREATE TABLE purses (
    scope TEXT PRIMARY KEY,
    limit_nanousd INTEGER,
    limit_tokens INTEGER,
    on_limit TEXT NOT NULL,
    spent_nanousd INTEGER NOT NULL DEFAULT 0,
    spent_tokens INTEGER NOT NULL DEFAULT 0,
    reserved_nanousd INTEGER NOT NULL DEFAULT 0,
    reserved_tokens INTEGER NOT NULL DEFAULT 0,
    noticed INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE reservations (
    run TEXT NOT NULL,
    scope TEXT NOT NULL,
    nanousd INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    PRIMARY KEY (run, scope)
) WITHOUT ROWID;
