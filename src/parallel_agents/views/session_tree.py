"""Session tree: sessions under those that spawned them, each with the lines that lead to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from parallel_agents.core.ids import SessionKey
from parallel_agents.views.sessions import SessionLine

_FORK = "↳ "


class Branch(NamedTuple):
    """A session in its tree, and the drawing before it, such as `│  ├─ `."""

    stem: str
    line: SessionLine


def branches_of(lines: Sequence[SessionLine], order: Mapping[SessionKey, int]) -> list[Branch]:
    """The lines as trees, in the order of their tops.

    Args:
        lines: the sessions; one whose parent is not among them is a top.
        order: the places of the tasks of teams and flows; other children come as they were spawned.

    A fork is drawn below the session whose conversation it took up, after that one's children.
    """
    below: dict[SessionKey, list[SessionLine]] = {}
    known = {line.row.session.key for line in lines}
    tops: list[SessionLine] = []
    for line in lines:
        above = _above(line)
        if above is not None and above in known:
            below.setdefault(above, []).append(line)
        else:
            tops.append(line)
    for children in below.values():
        children.sort(key=lambda child: _place(child, order))
    return [branch for top in tops for branch in _drawn(top, below)]


def _above(line: SessionLine) -> SessionKey | None:
    session = line.row.session
    link = session.options.forked_from
    return session.parent if link is None or session.parent is not None else link.session


def _is_fork(line: SessionLine) -> bool:
    return line.row.session.parent is None and line.row.session.options.forked_from is not None


def _place(line: SessionLine, order: Mapping[SessionKey, int]) -> tuple[bool, int, float, str]:
    key = line.row.session.key
    return _is_fork(line), order.get(key, len(order)), line.row.run.created_at, key


def _drawn(top: SessionLine, below: Mapping[SessionKey, list[SessionLine]]) -> Iterator[Branch]:
    """A session and all below it, however deep they are: without recursion."""
    yield Branch("", top)
    open_: list[tuple[str, list[SessionLine]]] = [("", below.get(top.row.session.key, [])[::-1])]
    while open_:
        stem, left = open_[-1]
        if not left:
            open_.pop()
            continue
        line = left.pop()
        mark = _FORK if _is_fork(line) else " "
        yield Branch(f"{stem}{'├─' if left else '└─'}{mark}", line)
        further = below.get(line.row.session.key, [])[::-1]
        open_.append((f"{stem}{'│  ' if left else '   '}", further))
