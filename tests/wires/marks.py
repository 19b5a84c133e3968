"""Marks: play every case, count what holds, and bring the `fails` marks of the files up to date.

python -m tests.wires.marks [PART]             # counts by folder; nothing is written
python -m tests.wires.marks --drop             # drop the marks of cases that hold by now
python -m tests.wires.marks --mark "WHY"       # and mark all that fail; without WHY, by how
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from itertools import groupby

import yaml

from tests.wires.case import FOLDER, Unreadable, read_cases
from tests.wires.runs import Run, play_all, runs_of

_MARKS = re.compile(r"^fails:.*\Z", re.MULTILINE | re.DOTALL)


def marks(runs: Sequence[Run], why: str | None) -> str | Mapping[str, str]:
    """The marks of one file: a text if all of its runs fail, or by variant and form."""
    reasons = {(run.case.variant, run.form): _reason(run, why) for run in runs}
    texts = set(reasons.values())
    if len(texts) == 1:
        return texts.pop()
    found: dict[str, str] = {}
    for variant, each in groupby(reasons.items(), key=lambda item: item[0][0]):
        by_form = {form: reason for (_, form), reason in each}
        if len(set(by_form.values())) == 1 and variant:
            found[variant] = next(iter(by_form.values()))
        else:
            found |= {f"{variant}-{f}".lstrip("-"): reason for f, reason in by_form.items()}
    return {name: reason for name, reason in found.items() if reason}


def _reason(run: Run, why: str | None) -> str:
    known = run.why_it_fails
    if not run.problem or known or why is None:
        return known if run.problem else ""
    return why or _first(run.problem)


def _first(problem: str) -> str:
    """How the run ended, if it failed; else the first thing that differs."""
    ended = re.search(r"'status': '(?!done)(\w+)', 'error': '([\w-]*)'", problem)
    requests = re.search(r"'requests': (\d+)", problem)
    if ended and requests:
        return f"ends {' '.join(filter(None, ended.groups()))} after {requests[1]} requests"
    return problem.splitlines()[0][:120]


def write(file: str, runs: Sequence[Run], why: str | None) -> None:
    path = FOLDER / f"{file}.yaml"
    text = path.read_text("utf-8")
    found = marks(runs, why)
    lines = {"fails": found}
    block = str(yaml.dump(lines, sort_keys=False, allow_unicode=True, width=200))  # pyright: ignore[reportUnknownMemberType] - untyped in its stubs
    changed = _MARKS.sub("", text).rstrip("\n") + "\n" + (block if found else "")
    if changed != text:
        path.write_text(changed, "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", default="")
    parser.add_argument("--drop", action="store_true")
    parser.add_argument("--mark", nargs="?", const="", metavar="WHY")
    asked = parser.parse_args()
    try:
        runs = [run for run in runs_of(read_cases()) if run.name.startswith(asked.part)]
    except Unreadable as error:
        parser.error(str(error))
    play_all(runs)
    for part, each in groupby(runs, key=lambda run: run.name.partition("/")[0]):
        problems = [bool(run.problem) for run in each]
        print(f"{part:20} {problems.count(False):4} hold {problems.count(True):4} fail")  # noqa: T201
    if asked.drop or asked.mark is not None:
        for file, each in groupby(runs, key=lambda run: run.file):
            write(file, [*each], asked.mark)


if __name__ == "__main__":
    main()
