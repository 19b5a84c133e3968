"""Path pattern: whether a relative path matches a glob, in time of the product of their lengths."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase


def path_matches(pattern: str, path: str) -> bool:
    """Whether a path matches a pattern, in which `**` stands for any folders.

    A pattern without a slash speaks of the files of that name in any folder, and one that names a
    folder speaks of all that is in it.
    """
    steps = _steps(path)
    wanted = _steps(pattern)
    if "/" not in pattern.strip("/"):
        wanted = ["**", *wanted]
    if pattern.endswith("/"):
        wanted = [*wanted, "**"]
    return _steps_match(tuple(wanted), tuple(steps))


def _steps(path: str) -> list[str]:
    found: list[str] = []
    for step in path.split("/"):
        if step == "..":
            del found[-1:]
        elif step not in {"", "."}:
            found.append(step)
    return found


def _steps_match(wanted: Sequence[str], steps: Sequence[str]) -> bool:
    """Whether the steps of a path match those of a pattern, in time of their product."""
    reached = {0}
    for want in wanted:
        if want == "**":
            reached = set(range(min(reached), len(steps) + 1)) if reached else reached
        else:
            reached = {at + 1 for at in reached if at < len(steps) and fnmatchcase(steps[at], want)}
    return len(steps) in reached
