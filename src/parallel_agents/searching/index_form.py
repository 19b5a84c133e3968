"""Index form: the tables of an index of transcripts, and how a file that has them is known again."""

from __future__ import annotations

import sqlite3

from parallel_agents.searching.folding import FORM

VERSION = 1
_APPLICATION_ID = 0x50414753 ^ 0xFF  # not that of a store
_SCHEMA = """
CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize='ascii');
CREATE TABLE sessions (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE texts (
    id INTEGER PRIMARY KEY, session INTEGER NOT NULL, run TEXT NOT NULL, seq INTEGER NOT NULL,
    at REAL NOT NULL, role TEXT NOT NULL
) STRICT;
CREATE INDEX texts_by_session ON texts (session, role);
CREATE TABLE bodies (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE place (
    id INTEGER PRIMARY KEY CHECK (id = 1), form TEXT NOT NULL, seq INTEGER NOT NULL, at REAL,
    link INTEGER NOT NULL, hash BLOB NOT NULL, pruning INTEGER NOT NULL
) STRICT;
"""


class Foreign(Exception):
    """The file is not an index of this form."""


def make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables in a file that has none, all or none of them."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        is_new = not connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
        for statement in _SCHEMA.split(";\n") if is_new else ():
            if statement.strip():
                connection.execute(statement)
        if is_new:
            connection.execute("INSERT INTO place VALUES (1, ?, 0, NULL, 0, x'', 0)", (FORM,))
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def checked(connection: sqlite3.Connection) -> sqlite3.Connection:
    """The connection, if it is to an index of this form.

    Raises:
        Foreign: it is not.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if (application, version) != (_APPLICATION_ID, VERSION):
        raise Foreign
    found = connection.execute("SELECT form FROM place").fetchone()
    if found is None or found[0] != FORM:
        raise Foreign
    return connection
