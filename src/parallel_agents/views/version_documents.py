"""Version documents: the versions of an agent for machines, each with what it changed."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from typing_extensions import TypedDict

from parallel_agents.agent_versions.record import Files, Record
from parallel_agents.core.cutting import head
from parallel_agents.views import format

_MOST_PATCH = 100_000


class Version(NamedTuple):
    """A version of an agent, and its files."""

    record: Record
    files: Files


class VersionDocument(TypedDict):
    """A version: where it is from, what it passed, and its `patch` to the one before, cut at 100 kB."""

    version: int
    at: str | None
    origin: str
    score: float | None
    passed: int | None
    cases: int
    model: str
    note: str
    in_effect: bool
    patch: str


def versions_json(
    name: str, versions: Sequence[Version], in_effect: int | None
) -> list[VersionDocument]:
    """The versions of an agent, the newest first.

    Args:
        name: the agent's.
        versions: all of them, the oldest first.
        in_effect: the number of the one that runs; None if what runs is none of them.
    """
    found: list[VersionDocument] = []
    before = Files("")
    for record, files in versions:
        proof = record.proof
        found.append(
            {
                "version": record.version,
                "at": format.iso(record.at),
                "origin": record.origin.value,
                "score": proof.score,
                "passed": proof.passed,
                "cases": proof.cases,
                "model": proof.model,
                "note": record.note,
                "in_effect": record.version == in_effect,
                "patch": _patch(name, before, files) if found else "",
            }
        )
        before = files
    return found[::-1]


def changed_lines(name: str, before: Files, after: Files, called: tuple[str, str]) -> Iterator[str]:
    """The unified difference of two versions: of the agent's file, and of its cases."""
    for ending, old, new in zip((".md", ".yaml"), before, after, strict=True):
        yield from _changed(
            old, new, (f"{name}{ending} {called[0]}", f"{name}{ending} {called[1]}")
        )


def _patch(name: str, before: Files, after: Files) -> str:
    """The same as git writes it, as which programs read it."""
    lines: list[str] = []
    for ending, old, new in zip((".md", ".yaml"), before, after, strict=True):
        names = (f"a/{name}{ending}", f"b/{name}{ending}")
        if found := [*_changed(old, new, names)]:
            lines += [f"diff --git {' '.join(names)}", *found]
    return head("\n".join(lines), _MOST_PATCH)


def _changed(old: str, new: str, called: tuple[str, str]) -> Iterator[str]:
    return difflib.unified_diff(old.splitlines(), new.splitlines(), *called, lineterm="")
