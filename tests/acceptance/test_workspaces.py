"""Workspaces on the command line: many agents on one repository, and their work brought back."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from parallel_agents.core.message import ToolCall
from parallel_agents.models.shapes import objects_at, text_at

if TYPE_CHECKING:
    from parallel_agents.core.schema import JsonObject
    from parallel_agents.testing.behaviour import Reply
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider

CHILDREN = 20
CODER = """\
---
name: coder
description: Writes files.
tools: [write_file]
permissions: { allow: [write_file] }
---
Code.
"""
TASK = "  - agent: coder\n    label: fix-{n}\n    text: Fix number {n}.\n"
# Two of the tasks change the same line.
CLASHING = {3: "three", 17: "seventeen"}


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Ana", "-c", "user.email=ana@example.org")
    return subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


def code(body: JsonObject) -> Reply:
    """A coder writes its file, and two of them the one that clashes; then it is done."""
    messages = objects_at(body, "messages")
    if text_at(messages[-1], "role") == "tool":
        return "done"
    found = re.search(r"Fix number (\d+)", text_at(messages[1], "content"))
    if found is None:
        return "done"
    number = int(found[1])
    calls = [ToolCall("own", "write_file", {"path": f"f{number}.txt", "content": f"{number}\n"})]
    if number in CLASHING:
        content = f"{CLASHING[number]}\n"
        calls.append(ToolCall("both", "write_file", {"path": "both.txt", "content": content}))
    return calls


@pytest.fixture
def repository(pagents: Pagents, provider: FakeProvider) -> Path:
    provider.answer = code
    pagents.project("agents/coder.md", CODER)
    tasks = "".join(TASK.format(n=n) for n in range(CHILDREN))
    pagents.file("fixes.yaml", f"name: fixes\ndescription: Fixes.\ntasks:\n{tasks}")
    folder = pagents.folder
    git(folder, "init", "-q", "-b", "main")
    pagents.file("both.txt", "nobody\n")
    pagents.file("mine.txt", "committed\n")
    git(folder, "add", "both.txt", "mine.txt", "fixes.yaml")
    git(folder, "commit", "-q", "-m", "Work")
    pagents.file("mine.txt", "not committed\n")
    return folder


def test_twenty_agents_on_one_repository_are_merged_but_for_one_conflict(
    pagents: Pagents, repository: Path
) -> None:
    ran = pagents("run", "fixes.yaml", "--id", "repairs", "--workspace", ".")
    before = git(repository, "status", "--porcelain", "--", "*.txt")

    foretold = pagents("merge", "repairs", "--all", "--dry-run")
    merged = pagents("merge", "repairs", "--all")
    again = pagents("merge", "repairs", "--all")

    assert (ran.code, merged.code) == (0, 3)
    assert foretold.out.count("both.txt: both changed the same lines") == 1
    assert before.split() == ["M", "mine.txt"]
    assert [line.split()[1:] for line in merged.out.splitlines() if "conflict" in line] == [
        ["both.txt:", "both", "changed", "the", "same", "lines"]
    ]
    assert (repository / "both.txt").read_text() == "three\n"
    assert [(repository / f"f{n}.txt").read_text() for n in range(CHILDREN)] == [
        f"{n}\n" for n in range(CHILDREN)
    ]
    assert (repository / "mine.txt").read_text() == "not committed\n"
    assert again.out.count("nothing to merge") == CHILDREN - 1
    assert git(repository, "diff", "--cached", "--name-only") == ""


def test_one_agent_from_spawn_to_clean(pagents: Pagents, repository: Path) -> None:
    spawned = pagents("spawn", "coder", "Fix number 5.", "--workspace", ".", "--wait")
    listed = pagents.items("workspaces", "list")
    diff = pagents("diff", "@last", "--name-only")
    kept = pagents("workspaces", "clean", "--all")
    foretold = pagents("merge", "@last", "--dry-run")
    as_json = [
        pagents(*command, "--dry-run", "--json").out
        for command in (("merge", "@last"), ("workspaces", "clean", "--all"))
    ]
    unmerged = (repository / "f5.txt").exists()
    merged = pagents("merge", "@last")
    again = pagents("merge", "@last")
    cleaned = pagents("workspaces", "clean", "--all")
    pagents("spawn", "coder", "Look around.", "--workspace", ".", "--wait")
    nothing = pagents("merge", "@last")

    assert "1 file changed, +1 \N{MINUS SIGN}0   pagents diff" in spawned.err
    assert [(item["state"], item["unmerged"]["files"]) for item in listed] == [("unmerged", 1)]
    assert diff.out == "A\tf5.txt\n"
    assert "not merged; --force removes it" in kept.err
    assert "1 file would change" in foretold.out
    assert all('"dry_run":true' in document for document in as_json)
    assert not unmerged
    assert "1 file changed" in merged.out
    assert (repository / "f5.txt").read_text() == "5\n"
    assert "nothing to merge (already merged); if you took that back, `pagents diff" in again.out
    assert cleaned.out.startswith("1 workspace removed")
    assert nothing.out.rstrip().endswith("nothing to merge: no file was changed")


def test_markers_are_written_only_if_asked_for(pagents: Pagents, repository: Path) -> None:
    pagents("spawn", "coder", "Fix number 3.", "--workspace", ".", "--wait")
    pagents.file("both.txt", "mine\n")

    left = pagents("merge", "@last")
    untouched = (repository / "both.txt").read_text()
    foretold = pagents("merge", "@last", "--conflicts", "markers", "--dry-run")
    marked = pagents("merge", "@last", "--conflicts", "markers")
    has_marks = (repository / "both.txt").read_text().splitlines()
    pagents.file("both.txt", "mine, and three\n")
    resolved = pagents("merge", "@last")

    assert (left.code, foretold.code, marked.code) == (3, 3, 3)
    assert untouched == "mine\n"
    assert has_marks[1:6:2] == ["mine", "nobody", "three"]
    assert "--conflicts markers" in left.err
    assert "both.txt would have both versions between conflict marks" in foretold.out
    assert "both.txt now has both versions between conflict marks; edit it" in marked.out
    assert "left out" not in foretold.out + foretold.err + marked.out + marked.err
    assert resolved.code == 0
    assert "both.txt  (resolved as your file is)" in resolved.out
    assert (repository / "both.txt").read_text() == "mine, and three\n"


def test_a_patch_of_a_workspace_is_taken_by_git_apply(pagents: Pagents, repository: Path) -> None:
    pagents("spawn", "coder", "Fix number 3.", "--workspace", ".", "--wait")
    patch = pagents.file("../a.patch", pagents("diff", "@last").out)

    git(repository, "apply", patch)

    assert (repository / "both.txt").read_text() == "three\n"


def test_a_folder_itself_is_worked_in_by_cwd(pagents: Pagents, repository: Path) -> None:
    ended = pagents("spawn", "coder", "Fix number 5.", "--cwd", ".", "--wait")

    assert ended.code == 0
    assert (repository / "f5.txt").exists()
    assert "it works in" in pagents("diff", "@last").err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--workspace", ".", "--cwd", "."), "cannot be used together"),
        (("--workspace", ""), "is empty"),
        (("--workspace", "none"), "cannot be used"),
        (("--workspace", "mine.txt"), "is not a folder"),
    ],
)
def test_wrong_options_are_refused_before_anything_runs(
    pagents: Pagents,
    provider: FakeProvider,
    repository: Path,
    arguments: tuple[str, ...],
    said: str,
) -> None:
    del repository
    ended = pagents("spawn", "coder", "Fix number 5.", *arguments, "--wait")

    assert ended.code == 2
    assert said in ended.err
    assert provider.requests == []
