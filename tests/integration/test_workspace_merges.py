"""Merges of workspaces into real repositories and folders: the table of cases, and what they never do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from parallel_agents.core.workspace_verbs import Conflicts
from parallel_agents.workspaces.foretold import Foretold
from tests.integration.workspace_rig import Rig, Workspace, Written, cases, git, state_of, write

CASES = cases("merges")
KINDS = pytest.mark.parametrize("is_repository", [True, False], ids=["repository", "folder"])
EACH = pytest.mark.parametrize("case", CASES, ids=[str(case["name"]) for case in CASES])


def conflicts_of(case: Mapping[str, Mapping[str, Written]]) -> list[str]:
    return sorted(case.get("conflicts", ()))


def changed_on_both_sides(
    tmp_path: Path, case: Mapping[str, Mapping[str, Written]]
) -> tuple[Rig, Workspace]:
    """A repository and a workspace of it, as a case has them before the merge."""
    rig = Rig(tmp_path)
    rig.commit(case["base"])
    workspace = rig.make()
    write(workspace.files, case["theirs"])
    write(rig.source, case.get("mine", {}))
    return rig, workspace


@KINDS
@EACH
def test_a_merge_brings_back_what_the_workspace_changed(
    tmp_path: Path, case: Mapping[str, Mapping[str, Written]], is_repository: bool
) -> None:
    rig = Rig(tmp_path, is_repository=is_repository)
    write(rig.source, case["base"])
    if is_repository:
        rig.commit({})
    workspace = rig.make()
    write(workspace.files, case["theirs"])
    write(rig.source, case.get("mine", {}))
    expected = tmp_path / "expected"
    expected.mkdir()
    for side in ("base", "mine", "after"):
        write(expected, case.get(side, {}))

    merged = workspace.merge()

    assert sorted(conflict.path for conflict in merged.conflicts) == conflicts_of(case)
    assert state_of(rig.source) == state_of(expected)


@EACH
def test_merging_twice_changes_nothing_more(
    tmp_path: Path, case: Mapping[str, Mapping[str, Written]]
) -> None:
    rig, workspace = changed_on_both_sides(tmp_path, case)
    workspace.merge()
    before = state_of(rig.source)

    again = workspace.merge()

    assert again.changed == []
    assert state_of(rig.source) == before


@pytest.mark.parametrize("mine", ["mine\n", "<<<<<<< HEAD\nmine\n"], ids=["text", "marks of git"])
def test_marks_are_written_into_a_file_once_for_all_workspaces(tmp_path: Path, mine: str) -> None:
    rig = Rig(tmp_path)
    rig.commit({"a.txt": "base\n"})
    one, two = rig.make("one"), rig.make("two")
    write(one.files, {"a.txt": "first\n"})
    write(two.files, {"a.txt": "second\n"})
    write(rig.source, {"a.txt": mine})
    first = one.merge(Conflicts.MARKERS)
    before = state_of(rig.source)

    later = [each.merge(Conflicts.MARKERS) for each in (one, two)]

    assert first.changed == ["a.txt"]
    assert [each.changed for each in later] == [[], []]
    assert {each.why for merged in later for each in merged.conflicts} == {
        "it has conflict marks already; edit it"
    }
    assert state_of(rig.source) == before


@pytest.mark.parametrize(
    "edited", ["mine\n", "mine and first\n", None], ids=["mine", "both", "removed"]
)
def test_a_file_whose_conflict_marks_somebody_edited_is_resolved(
    tmp_path: Path, edited: str | None
) -> None:
    rig = Rig(tmp_path)
    rig.commit({"a.txt": "base\n"})
    one, two = rig.make("one"), rig.make("two")
    write(one.files, {"a.txt": "first\n"})
    write(two.files, {"a.txt": "second\n"})
    write(rig.source, {"a.txt": "mine\n"})
    one.merge(Conflicts.MARKERS)
    other = rig.source / "a.txt"
    other.unlink() if edited is None else other.write_text(edited)
    before = state_of(rig.source)

    foretold, done, again = one.merge(is_dry=True), one.merge(), one.merge()
    of_other = two.merge()

    assert foretold.edited == done.edited == {"a.txt"}
    assert done.conflicts == again.conflicts == []
    assert again.edited == frozenset()
    assert [each.path for each in of_other.conflicts] == ["a.txt"]
    assert state_of(rig.source) == before


def test_a_file_with_half_of_its_marks_is_in_conflict_still(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.commit({"a.txt": "base\n"})
    workspace = rig.make()
    write(workspace.files, {"a.txt": "first\n"})
    write(rig.source, {"a.txt": "mine\n"})
    workspace.merge(Conflicts.MARKERS)
    lines = (rig.source / "a.txt").read_text().splitlines(keepends=True)
    write(rig.source, {"a.txt": "".join(line for line in lines if line[0] not in "<>")})

    done = workspace.merge()

    assert done.edited == frozenset()
    assert [each.path for each in done.conflicts] == ["a.txt"]


def test_a_file_that_is_as_it_was_before_all_changes_is_merged_anew(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.commit({"a.txt": "base\n"})
    workspace = rig.make()
    write(workspace.files, {"a.txt": "first\n"})
    write(rig.source, {"a.txt": "mine\n"})
    workspace.merge(Conflicts.MARKERS)
    write(rig.source, {"a.txt": "base\n"})

    done = workspace.merge()

    assert done.changed == ["a.txt"]
    assert (rig.source / "a.txt").read_text() == "first\n"


def test_what_the_workspace_changed_after_the_marks_is_merged_as_before(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.commit({"a.txt": "base\n"})
    workspace = rig.make()
    write(workspace.files, {"a.txt": "first\n"})
    write(rig.source, {"a.txt": "mine\n"})
    workspace.merge(Conflicts.MARKERS)
    write(rig.source, {"a.txt": "mine and first\n"})
    write(workspace.files, {"a.txt": "later\n"})

    done = workspace.merge()

    assert done.edited == frozenset()
    assert [each.path for each in done.conflicts] == ["a.txt"]


@EACH
def test_a_dry_run_changes_nothing_and_says_what_a_merge_does(
    tmp_path: Path, case: Mapping[str, Mapping[str, Written]]
) -> None:
    rig, workspace = changed_on_both_sides(tmp_path, case)
    before = state_of(rig.source)

    foretold = workspace.merge(is_dry=True)

    assert state_of(rig.source) == before
    assert workspace.merge()[:2] == foretold[:2]


@EACH
def test_nothing_is_left_in_the_source_but_its_files(
    tmp_path: Path, case: Mapping[str, Mapping[str, Written]]
) -> None:
    rig = Rig(tmp_path)
    rig.commit(case["base"])
    index, refs = (rig.source / ".git/index").read_bytes(), git(rig.source, "show-ref")
    workspace = rig.make()
    write(workspace.files, case["theirs"])

    workspace.merge()

    assert (rig.source / ".git/index").read_bytes() == index
    assert git(rig.source, "show-ref") == refs
    assert not list(rig.source.rglob("*.merging"))


@pytest.mark.parametrize("conflicts", list(Conflicts))
def test_a_preview_of_several_merges_says_what_they_do_one_after_the_other(
    tmp_path: Path, conflicts: Conflicts
) -> None:
    rig = Rig(tmp_path)
    rig.commit({"a.txt": "one\n", "b.txt": "one\n"})
    lead = rig.make("lead")
    first, second = rig.make("first", lead.files), rig.make("second", lead.files)
    write(first.files, {"a.txt": "of the first\n", "new/c.txt": "of the first\n"})
    write(second.files, {"a.txt": "of the second\n", "new/c.txt": "of the first\n"})
    (second.files / "b.txt").unlink()
    preview = Foretold()

    foretold = [each.foretell(preview, conflicts)[:3] for each in (first, second, lead)]

    assert state_of(rig.source).keys() == {"a.txt", "b.txt"}
    assert foretold == [each.merge(conflicts)[:3] for each in (first, second, lead)]
    assert [each.path for each in foretold[1][1]] == ["a.txt"]
