"""Names: which session a person means by a key, a label, or the start of one."""

from __future__ import annotations

from parallel_agents.core.ids import SessionKey, short
from parallel_agents.core.store import Filter, Row, SessionStore
from parallel_agents.errors import Ambiguous, NotFound

_LAST = "@last"
_SHOWN = 5


async def find(store: SessionStore, name: str) -> Row:
    """The one session that `name` stands for.

    A whole key, name or label wins over the start of one; `@last` is the newest root; `A/B` is
    session B under the tree of A.

    Raises:
        NotFound: nothing fits.
        Ambiguous: several do; the text lists them.
    """
    if whole := await store.rows(Filter(session=SessionKey(name))):
        return whole[0]
    if name == _LAST:
        return _the_one(name, await store.rows(Filter(roots_only=True, limit=1)))
    if "/" in name:
        above, _, below = name.rpartition("/")
        tree = (await find(store, above)).session.key
        return _the_one(name, await store.rows(Filter(prefix=below, tree=tree)), exact=below)
    return _the_one(name, await store.rows(Filter(prefix=name, limit=50)), exact=name)


def _the_one(name: str, rows: list[Row], *, exact: str = "") -> Row:
    whole = [
        row
        for row in rows
        if exact in (row.session.key, row.run.id, row.session.label, short(row.session.key))
    ]
    found = whole or rows
    if not found:
        raise NotFound(f"no session {name!r}", hint="`pagents list --all` shows them")
    if len(found) > 1:
        shown = [f"{short(row.session.key)} ({row.session.label})" for row in found[:_SHOWN]]
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise Ambiguous(
            f"{name!r} stands for {len(found)} sessions",
            why=", ".join(shown) + more,
            hint="give more of the id, or RUN/LABEL",
        )
    return found[0]
