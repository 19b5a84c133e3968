"""Store shown: what the commands of `pagents store` print."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import NamedTuple, Self

from parallel_agents.app.care import Pruning, Stats
from parallel_agents.core.schema import Json
from parallel_agents.core.store_care import Pages, Paid, Retention, Size, Step, StoreSizes, Tree
from parallel_agents.core.usage import NANOUSD_PER_USD
from parallel_agents.surfaces.cli import render
from parallel_agents.views import format

_SHOWN = 20
_TITLES = ("KIND", "NUMBER", "SIZE", "")


class Chosen(NamedTuple):
    """The trees that go, and those that stay although they are old enough."""

    trees: Sequence[Tree]
    held: Sequence[Tree]
    is_named: bool


class Progress:
    """One line on a terminal that says how far a command is; elsewhere nothing."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._width = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._show("")

    def note_step(self, step: Step) -> None:
        self._show(f"{step.runs:,} runs, {step.events.number:,} events removed")

    def note_pages(self, left: int, all_pages: int) -> None:
        self._show(f"{100 * (all_pages - left) // max(all_pages, 1)} % copied")

    def note_free(self, pages: Pages) -> None:
        self._show(f"{format.size(pages.free)} left to give back")

    def _show(self, text: str) -> None:
        if self._is_shown and (text or self._width):
            sys.stderr.write(f"\r{text.ljust(self._width)}" + ("" if text else "\r"))
            sys.stderr.flush()
            self._width = len(text)


def print_stats(found: Stats, home: Path) -> None:
    store, pages = found.sizes, found.sizes.pages
    rows = [
        ("store", "", format.size(pages.file), f"{format.size(pages.free)} of it free"),
        ("log", "", format.size(found.log), "moved into the store as work continues"),
        ("events", f"{store.events.number:,}", _event_bytes(store), _times(found)),
        ("replies", f"{store.replies.number:,}", format.size(store.replies.bytes), "cached"),
        _row("artifacts", found.contents, "files beside the store"),
        _row("workspaces", found.workspaces, "pagents workspaces list"),
        _row("backups", found.backups, "left by upgrades: store.db.v*.bak"),
    ]
    render.table(_TITLES, rows, right=("NUMBER", "SIZE"), flexible="")
    render.line(
        f"{_count(store.trees, 'tree')}, {_count(store.sessions, 'session')},"
        f" {_count(store.runs, 'run')} in {home}"
    )
    if store.pruned_runs:
        render.line(
            f"pruned so far: {_count(store.pruned_events, 'event')} of"
            f" {_count(store.pruned_runs, 'run')}, which cost {_money(store.pruned)}"
        )
    if store.removing:
        render.line(
            f"half removed: {_count(store.removing, 'tree')}; the next prune removes the rest",
            "yellow",
        )
    plan = found.prunable
    render.line(
        f"{_retention(found.retention)}: {_counted(plan.trees)} could go, with"
        f" {plan.size.number:,} events, {format.size(plan.size.bytes)}"
    )
    _print_held(plan.held)
    if plan.trees:
        render.note("Next: pagents store prune --older-than 30d --dry-run")
    elif pages.free > pages.used and pages.free > 10_000_000:
        render.note("Next: pagents store vacuum")


def _row(kind: str, size: Size, about: str) -> tuple[str, str, str, str]:
    return kind, f"{size.number:,}", format.size(size.bytes), about if size.number else ""


def _event_bytes(store: StoreSizes) -> str:
    return f"{'about ' if store.is_estimated else ''}{format.size(store.events.bytes)}"


def _times(found: Stats) -> str:
    oldest, newest = found.sizes.oldest_at, found.sizes.newest_at
    if oldest is None or newest is None:
        return ""
    return f"{format.moment(oldest)} to {format.moment(newest)}"


def _retention(kept: Retention) -> str:
    parts: list[str] = []
    if kept.older_than is not None:
        parts.append(f"older than {kept.older_than / 86_400:g} days")
    if kept.larger_than is not None:
        parts.append(f"above {format.size(kept.larger_than)}")
    return ", ".join(parts)


def _money(paid: Paid) -> str:
    real = f"${(paid.nanousd - paid.simulated) / NANOUSD_PER_USD:,.3f}"
    simulated = f"${paid.simulated / NANOUSD_PER_USD:,.3f} simulated"
    if not paid.simulated:
        return real
    return simulated if paid.nanousd == paid.simulated else f"{real} + {simulated}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _counted(trees: Sequence[object]) -> str:
    return _count(len(trees), "tree")


def _print_held(held: Sequence[Tree]) -> None:
    for reason, number in Counter(tree.held for tree in held if tree.held).most_common():
        render.line(f"  {number:,} stay: each {reason.text}")


def print_plan(chosen: Chosen, *, dry_run: bool) -> None:
    """Say what goes, before it goes."""
    for tree in chosen.trees[:_SHOWN]:
        render.line(
            f"{format.moment(tree.ended_at)}  {tree.label or tree.key}"
            f"  {_count(tree.sessions, 'session')}, {_count(tree.runs, 'run')}, {_money(tree.paid)}"
        )
    if len(chosen.trees) > _SHOWN:
        render.line(f"… and {len(chosen.trees) - _SHOWN:,} more that ended later")
    paid = reduce(Paid.plus, (tree.paid for tree in chosen.trees), Paid())
    verb = "would be removed" if dry_run else "to remove"
    if chosen.trees:
        render.line(f"{_counted(chosen.trees)} {verb}, which cost {_money(paid)}")
        render.note(
            "They leave `pagents list` and `pagents cost`, and their ids are forgotten: the same --id"
            " would start the work anew."
        )
    else:
        render.line("Nothing is old enough, or all of it has to stay.")
    _print_held(chosen.held)


def print_pruned(pruned: Pruning) -> None:
    step = pruned.step
    if step.runs:
        render.line(
            f"✔ {_count(step.trees, 'tree')} removed: {_count(step.sessions, 'session')},"
            f" {_count(step.runs, 'run')}, {_count(step.events.number, 'event')},"
            f" {format.size(step.events.bytes)}",
            "green",
        )
    for what, size in (("content", pruned.contents), ("workspace", pruned.workspaces)):
        if size.number:
            render.line(f"  {_count(size.number, what)}, {format.size(size.bytes)} on the disk")
    if step.refused:
        render.line(f"  {_counted(step.refused)} stayed: they are in use again, or gone already")
    if pruned.pages.free:
        render.note(
            f"{format.size(pruned.pages.free)} of the file are free and will be used again;"
            " to give them back: pagents store vacuum"
        )


def stats_json(found: Stats) -> Mapping[str, Json]:
    store, pages, plan = found.sizes, found.sizes.pages, found.prunable
    return {
        "file_bytes": pages.file,
        "free_bytes": pages.free,
        "log_bytes": found.log,
        "events": {**_size_json(store.events), "is_estimated": store.is_estimated},
        "replies": _size_json(store.replies),
        "artifacts": _size_json(found.contents),
        "workspaces": _size_json(found.workspaces),
        "backups": _size_json(found.backups),
        "trees": store.trees,
        "sessions": store.sessions,
        "runs": store.runs,
        "half_removed": store.removing,
        "pruned_events": store.pruned_events,
        "pruned_runs": store.pruned_runs,
        "pruned_usd": store.pruned.nanousd / NANOUSD_PER_USD,
        "oldest_at": format.iso(store.oldest_at),
        "newest_at": format.iso(store.newest_at),
        "prunable": {"trees": len(plan.trees), **_size_json(plan.size)},
        "held": dict(Counter(tree.held.value for tree in plan.held if tree.held)),
    }


def _size_json(size: Size) -> dict[str, Json]:
    return {"number": size.number, "bytes": size.bytes}


def prune_json(chosen: Chosen, pruned: Pruning | None) -> Mapping[str, Json]:
    done = pruned.step if pruned else Step()
    return {
        "trees": [_tree_json(tree) for tree in chosen.trees],
        "held": [_tree_json(tree) for tree in chosen.held],
        "removed_sessions": done.sessions,
        "removed_runs": done.runs,
        "removed_events": done.events.number,
        "removed_bytes": done.events.bytes,
        "refused": list(done.refused),
        "free_bytes": pruned.pages.free if pruned else None,
    }


def _tree_json(tree: Tree) -> dict[str, Json]:
    return {
        "session_key": tree.key,
        "label": tree.label,
        "sessions": tree.sessions,
        "runs": tree.runs,
        "cost_usd": tree.paid.nanousd / NANOUSD_PER_USD,
        "simulated_usd": tree.paid.simulated / NANOUSD_PER_USD,
        "ended_at": format.iso(tree.ended_at),
        "held": tree.held.value if tree.held else None,
    }
