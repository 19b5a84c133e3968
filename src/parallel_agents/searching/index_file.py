"""Index file: the words of all texts in SQLite's FTS5, in a file beside the store that can always be made again.

FTS5 is given folded words and keeps no text; the texts lie beside it, compressed, for snippets and
so that what is pruned can be taken out again.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Self

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.transcript_search import TextRole
from parallel_agents.database_files import connect_to
from parallel_agents.files import create_private, make_private
from parallel_agents.searching.folding import fold
from parallel_agents.searching.index_form import Foreign, checked, make_tables
from parallel_agents.searching.text_numbers import TextNumbers, as_array
from parallel_agents.searching.texts import Said

_BUSY_SECONDS = 10.0
_COMPRESSION = 1
_BESIDE = ("", "-wal", "-shm", "-journal")


class Place(NamedTuple):
    """How far the journal is indexed.

    Attributes:
        seq: the number of the last event that is.
        at: when it happened; None before the first.
        link: a link of the chain that covers no later events, by which the store is known again.
        hash: that of the link.
        pruning: the last pruning after which no indexed session was missing.
    """

    seq: int
    at: float | None
    link: int
    hash: bytes
    pruning: int


class Stored(NamedTuple):
    """A text of the index."""

    id: int
    said: Said


class Damaged(sqlite3.DatabaseError):
    """A text of the index is missing, or cannot be read."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error says that the file is not a sound index, so that it has to be made again."""
    if isinstance(error, Damaged) or str(error).startswith("no such "):
        return "fts5" not in str(error)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)


def remove_index(path: Path) -> None:
    """Remove an index and what SQLite keeps beside it.

    Raises:
        OSError: it cannot be removed.
    """
    for end in _BESIDE:
        path.with_name(path.name + end).unlink(missing_ok=True)


class IndexFile:
    """An open index; its methods block."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self.numbers = TextNumbers(connection)

    @classmethod
    def create(cls, path: Path) -> Self:
        """Open an index that may be written, and make it if it is not there.

        Raises:
            Foreign: the file is of another form.
            sqlite3.Error, OSError: it cannot be opened.
        """
        if path.is_symlink():
            raise Foreign  # what it leads to is not ours to write, nor to close to others
        create_private(path)
        make_private(path)
        with _closed_on_error(
            connect_to(path, "mode=rwc", timeout_seconds=_BUSY_SECONDS)
        ) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA secure_delete = ON")
            make_tables(connection)
            return cls(checked(connection))

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an index to search it as it is.

        Raises:
            Foreign: the file is of another form.
            sqlite3.Error, OSError: it cannot be opened.
        """
        opened = connect_to(path, "mode=ro", timeout_seconds=_BUSY_SECONDS)
        with _closed_on_error(opened) as connection:
            return cls(checked(connection))

    @classmethod
    def temporary(cls, path: Path | None = None) -> Self:
        """An index in a file of SQLite's own that ends with it, which begins as a copy if there is one."""
        with _closed_on_error(_connect_temporary()) as connection:
            if path is not None and path.exists():
                with suppress(sqlite3.Error, Foreign), closing(_connect_immutable(path)) as source:
                    checked(source).backup(connection)
            with suppress(sqlite3.Error, Foreign):
                return cls(checked(connection))
            make_tables(connection)
            return cls(connection)

    def close(self) -> None:
        self._sql.close()

    def place(self) -> Place:
        found = self._sql.execute("SELECT seq, at, link, hash, pruning FROM place").fetchone()
        return Place(*found)

    def clear(self) -> None:
        """Forget everything, as for another store."""
        with self._transaction():
            self._sql.execute("INSERT INTO words(words) VALUES ('delete-all')")
            for table in ("sessions", "texts", "bodies"):
                self._sql.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
            self._put(Place(0, None, 0, b"", 0))

    def add(self, said: Iterable[Said], place: Place) -> None:
        """Index texts and move the place, both or neither."""
        with self._transaction():
            last = self._sql.execute("SELECT COALESCE(MAX(id), 0) FROM texts").fetchone()[0]
            for each in said:
                if self._is_known(each):
                    continue
                last += 1
                self._add(last, each)
            self._put(place)

    def _add(self, number: int, said: Said) -> None:
        text = said.text.encode("utf-8", "replace")
        folded = fold(text.decode())
        self._sql.execute("INSERT OR IGNORE INTO sessions (key) VALUES (?)", (said.session,))
        self._sql.execute(
            "INSERT INTO texts SELECT ?, id, ?, ?, ?, ? FROM sessions WHERE key = ?",
            (number, said.run, said.seq, said.at, said.role.value, said.session),
        )
        body = zlib.compress(text, _COMPRESSION)
        self._sql.execute("INSERT INTO bodies VALUES (?, ?)", (number, body))
        self._sql.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (number, folded))

    def _is_known(self, answer: Said) -> bool:
        """Whether a text is an answer that is what the session's model has said last."""
        if answer.role is not TextRole.ANSWER:
            return False
        found = self._sql.execute(
            "SELECT body FROM texts JOIN bodies ON bodies.id = texts.id JOIN sessions"
            " ON sessions.id = session WHERE key = ? AND role = ? ORDER BY texts.id DESC LIMIT 1",
            (answer.session, TextRole.MODEL.value),
        ).fetchone()
        return found is not None and _text(found[0]) == answer.text

    def sessions(self, after: int, limit: int) -> list[tuple[int, SessionKey]]:
        """The next sessions of which there are texts, with their numbers."""
        found = self._sql.execute(
            "SELECT id, key FROM sessions WHERE id > ? ORDER BY id LIMIT ?", (after, limit)
        )
        return [(number, SessionKey(key)) for number, key in found]

    def remove(self, session: int, limit: int) -> int:
        """Take texts of a session out, and the session with the last of them; how many those are."""
        with self._transaction():
            found = self._sql.execute(
                "SELECT id, body FROM texts JOIN bodies USING (id) WHERE session = ? LIMIT ?",
                (session, limit),
            ).fetchall()
            self._take_out(found)
            if len(found) < limit:
                self._sql.execute("DELETE FROM sessions WHERE id = ?", (session,))
            return len(found)

    def events_with(self, expression: str, after: int, limit: int) -> list[tuple[int, int]]:
        """The next texts that match an expression, each with the number of its event."""
        found = self._sql.execute(
            "SELECT id, seq FROM texts WHERE id IN (SELECT rowid FROM words WHERE words MATCH ?"
            " AND rowid > ?) ORDER BY id LIMIT ?",
            (expression, after, limit),
        )
        return found.fetchall()

    def replace(self, number: int, said: Sequence[Said]) -> None:
        """Have these be the texts of the event that a text is of, in the places that its texts had."""
        with self._transaction():
            found = self._sql.execute(
                "SELECT texts.id, body FROM texts JOIN bodies USING (id) JOIN texts AS one"
                " USING (session, seq) WHERE one.id = ? ORDER BY texts.id",
                (number,),
            ).fetchall()
            fresh = [each for each in said if not self._is_known(each)]
            if [_text(body) for _, body in found] == [each.text for each in fresh]:
                return
            more = range(self.last_id() + 1, self.last_id() + 1 + len(fresh))
            self._take_out(found)
            for place, each in zip([*(place for place, _ in found), *more], fresh, strict=False):
                self._add(place, each)

    def _take_out(self, found: Sequence[tuple[int, bytes]]) -> None:
        for number, body in found:
            self._sql.execute(
                "INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)",
                (number, fold(_text(body))),
            )
            self._sql.execute("DELETE FROM texts WHERE id = ?", (number,))
            self._sql.execute("DELETE FROM bodies WHERE id = ?", (number,))

    def forget_removed(self, pruning: int) -> None:
        """Note that nothing of a pruning is left, and merge what was taken out of the words away."""
        self._sql.execute("INSERT INTO words (words) VALUES ('optimize')")
        self._sql.execute("UPDATE place SET pruning = ?", (pruning,))

    def note_pruning(self, pruning: int) -> None:
        """Note that a pruning concerned no indexed session."""
        self._sql.execute("UPDATE place SET pruning = ?", (pruning,))

    def last_id(self) -> int:
        return self._sql.execute("SELECT COALESCE(MAX(id), 0) FROM texts").fetchone()[0]

    def sessions_with(self, expression: str) -> list[SessionKey]:
        """The sessions with a text that matches an expression of FTS5."""
        found = self._sql.execute(
            "SELECT key FROM sessions WHERE id IN (SELECT session FROM texts WHERE id IN"
            " (SELECT rowid FROM words WHERE words MATCH ?))",
            (expression,),
        )
        return [SessionKey(key) for (key,) in found]

    def count(
        self, expression: str, until: int, sessions: Sequence[SessionKey] | None = None
    ) -> int:
        """How many texts up to a number match an expression."""
        where, values = _within(sessions)
        found = self._sql.execute(
            f"SELECT COUNT(*) FROM words WHERE words MATCH ? AND rowid <= ?{where}",  # noqa: S608
            (expression, until, *values),
        )
        return found.fetchone()[0]

    def newest(self, expression: str, until: int, skip: int) -> int:
        """The number of the text that matches after so many newer ones; 0 if there is none."""
        found = self._sql.execute(
            "SELECT rowid FROM words WHERE words MATCH ? AND rowid <= ?"
            " ORDER BY rowid DESC LIMIT 1 OFFSET ?",
            (expression, until, skip),
        ).fetchone()
        return 0 if found is None else found[0]

    def find(
        self,
        expression: str,
        after: int,
        until: int,
        sessions: Sequence[SessionKey] | None,
        *,
        limit: int,
        skip: int,
        is_theirs: bytearray | None = None,
    ) -> list[Stored]:
        """A part of the texts in a range of numbers that match, the best first.

        Of equally good ones the newest is first. With `is_theirs`, which says it of each text, only
        those of its sessions are found, as with `sessions`.
        """
        where, values = _within(sessions)
        if is_theirs is not None:
            self._sql.create_function("is_theirs", 1, is_theirs.__getitem__, deterministic=True)
            where, values = " AND is_theirs(rowid)", ()
        found = self._sql.execute(
            f"SELECT rowid FROM words WHERE words MATCH ? AND rowid > ?{where}"  # noqa: S608
            " AND rowid <= ? ORDER BY rank, rowid DESC LIMIT ? OFFSET ?",
            (expression, after, *values, until, limit, skip),
        )
        return [self._stored(number) for (number,) in found.fetchall()]

    def _stored(self, number: int) -> Stored:
        found = self._sql.execute(
            "SELECT key, run, seq, at, role, body FROM texts JOIN bodies ON bodies.id = texts.id"
            " JOIN sessions ON sessions.id = session WHERE texts.id = ?",
            (number,),
        ).fetchone()
        if found is None:
            raise Damaged(f"text {number} is missing")
        key, run, seq, at, role, body = found
        try:
            said_by = TextRole(role)
        except ValueError as error:
            raise Damaged(f"text {number} is of nobody") from error
        return Stored(number, Said(SessionKey(key), RunId(run), seq, at, said_by, _text(body)))

    def _put(self, place: Place) -> None:
        self._sql.execute(
            "UPDATE place SET seq = ?, at = ?, link = ?, hash = ?, pruning = ?", place
        )

    @contextmanager
    def _transaction(self) -> Generator[None]:
        self._sql.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._sql.execute("COMMIT")
        except BaseException:
            if self._sql.in_transaction:
                self._sql.execute("ROLLBACK")
            raise

    @contextmanager
    def reading(self) -> Generator[None]:
        """A block whose reads all see the same index."""
        self._sql.execute("BEGIN")
        try:
            yield
        finally:
            if self._sql.in_transaction:
                self._sql.execute("ROLLBACK")


def _connect_temporary() -> sqlite3.Connection:
    """A connection to a file of SQLite's own, which ends with it."""
    return sqlite3.connect("", isolation_level=None, check_same_thread=False)


def _connect_immutable(path: Path) -> sqlite3.Connection:
    """A connection that needs no file beside the database; nobody writes where this process may not."""
    return connect_to(path, "mode=ro&immutable=1", timeout_seconds=_BUSY_SECONDS)


@contextmanager
def _closed_on_error(connection: sqlite3.Connection) -> Generator[sqlite3.Connection]:
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


def _within(sessions: Sequence[SessionKey] | None) -> tuple[str, tuple[str, ...]]:
    if sessions is None:
        return "", ()
    # As a condition on the rowid, FTS5 would be asked once for each text of these sessions.
    where = (
        " AND (SELECT session FROM texts WHERE texts.id = words.rowid) IN (SELECT id FROM sessions"
        " WHERE key IN (SELECT value FROM json_each(?)))"
    )
    return where, (as_array(sessions),)


def _text(body: bytes) -> str:
    try:
        return zlib.decompress(body).decode("utf-8", "replace")
    except zlib.error as error:
        raise Damaged(f"a text cannot be read: {error}") from error
