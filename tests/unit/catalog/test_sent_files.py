"""Sent files: what a client sends is read as data, within bounds, and runs no command."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.catalog.sent_files import files_of, sent_plan, sent_team
from parallel_agents.core.agent import Agent
from parallel_agents.errors import InvalidFile, NotAtDistance

HEAD = "name: pair\ndescription: Two.\ntasks:\n"
ONE = HEAD + "  - {agent: writer, label: one, text: Go}\n"


def find(name: str) -> Agent:
    return Agent(name=name, description="Writes", instructions="Write.")


def test_a_team_is_read_from_its_text() -> None:
    assert sent_team({"pair.yaml": ONE}, "pair.yaml", find).tasks[0].label == "one"


def test_a_plan_is_read_with_the_files_that_it_names() -> None:
    files = {"a.yaml": HEAD + "  - {flow: parts/b.yaml, label: x}\n", "parts/b.yaml": ONE}

    plan = sent_plan(files, "a.yaml", find)

    assert plan.steps[0].plan is not None


@pytest.mark.parametrize("gate", ["{command: [rm, -rf, /]}"])
@pytest.mark.parametrize("needs", ["", ", needs: [one]"], ids=["team", "plan"])
def test_a_command_is_refused_wherever_it_stands(gate: str, needs: str) -> None:
    text = ONE + f"  - {{agent: writer, label: two, text: Go, gates: [{gate}]{needs}}}\n"

    with pytest.raises(NotAtDistance, match=r"two of pair\.yaml has a gate that is a command"):
        sent_team({"pair.yaml": text}, "pair.yaml", find)


def test_no_file_of_the_gateway_is_read() -> None:
    text = HEAD + "  - {flow: /etc/passwd, label: x}\n"

    with pytest.raises(InvalidFile, match="it was not sent"):
        sent_team({"a.yaml": text}, "a.yaml", find)


def test_a_file_that_contains_itself_is_refused() -> None:
    with pytest.raises(InvalidFile, match="contains itself"):
        sent_team({"a.yaml": HEAD + "  - {flow: a.yaml, label: x}\n"}, "a.yaml", find)


def test_files_that_name_each_other_many_times_are_refused_and_not_multiplied() -> None:
    many = "".join(f"  - {{flow: NEXT, label: x{n}}}\n" for n in range(20))
    names = [f"f{n}.yaml" for n in range(6)]
    files = {
        name: HEAD + many.replace("NEXT", after)
        for name, after in zip(names, [*names[1:], "end.yaml"], strict=True)
    }

    with pytest.raises(InvalidFile, match="more than 200 times"):
        sent_team({**files, "end.yaml": ONE}, "f0.yaml", find)


def test_a_file_is_sent_with_those_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "b.yaml").write_text(ONE)
    (tmp_path / "a.yaml").write_text(HEAD + "  - {flow: parts/b.yaml, label: x}\n")

    assert list(files_of(tmp_path / "a.yaml")) == ["a.yaml", "parts/b.yaml"]


@pytest.mark.parametrize("way", ["../secret.yaml", "link.yaml"])
def test_nothing_outside_the_folder_is_sent_even_by_a_link(way: str, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text(ONE)
    folder = tmp_path / "team"
    folder.mkdir()
    (folder / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    (folder / "a.yaml").write_text(HEAD + f"  - {{flow: {way}, label: x}}\n")

    with pytest.raises(InvalidFile, match="lies outside the folder"):
        files_of(folder / "a.yaml")
