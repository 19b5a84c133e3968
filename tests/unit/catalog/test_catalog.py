from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.agent import Agent
from parallel_agents.errors import InvalidFile, NotFound, UnknownAgent


def write_agent(folder: Path, name: str, *, description: str = "Does it.") -> Path:
    file = folder / "agents" / f"{name}.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"---\nname: {name}\ndescription: {description}\n---\nDo it.\n")
    return file


def write_team(folder: Path, name: str, *, agent: str) -> Path:
    file = folder / "teams" / f"{name}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"name: {name}\ndescription: d\ntasks: [{{agent: {agent}, text: Go.}}]\n")
    return file


def test_an_earlier_folder_overrides_a_later_one_and_the_built_in(tmp_path: Path) -> None:
    project, home = tmp_path / "project", tmp_path / "home"
    write_agent(project, "code_reviewer", description="the project's")
    write_agent(home, "code_reviewer", description="the user's")
    write_agent(home, "poet", description="the user's")

    catalog = Catalog([project, home])

    assert catalog.agent("code_reviewer").description == "the project's"
    assert catalog.agent("poet").description == "the user's"
    assert catalog.agent("test_engineer").category == "qa"


def test_a_built_in_team_uses_the_agent_that_overrides_a_built_in_one(tmp_path: Path) -> None:
    write_agent(tmp_path, "code_reviewer", description="the project's")

    write_agent(tmp_path, "content_writer_creative", description="the project's")
    catalog = Catalog([tmp_path])

    assert catalog.team("content").tasks[0].agent.description == "the project's"
    assert catalog.team("review").plan is not None


def test_an_unknown_agent_is_reported_with_the_closest_name() -> None:
    with pytest.raises(UnknownAgent) as caught:
        Catalog().agent("code_reviewr")

    assert caught.value.message == "there is no agent 'code_reviewr'"
    assert "did you mean 'code_reviewer'?" in caught.value.hint
    assert "pagents agents list" in caught.value.hint


def test_a_name_that_is_like_no_other_is_refused_with_where_it_was_looked_for(
    tmp_path: Path,
) -> None:
    with pytest.raises(UnknownAgent) as caught:
        Catalog((tmp_path,)).agent("xyzzy")

    assert caught.value.why == f"it is not built in, and not in {tmp_path}/agents"
    assert ".parallel-agents/agents" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("./letter.yaml", "`for_each:` and `flow: letter.yaml`"),
        ("review", "it is a team: `pagents run --team review`"),
        ("drafts/poet.md", "name 'poet'"),
    ],
)
def test_who_names_a_team_or_a_file_is_told_what_it_is_for(name: str, hint: str) -> None:
    with pytest.raises(UnknownAgent) as caught:
        Catalog().agent(name)

    assert hint in caught.value.hint


@pytest.mark.parametrize("name", ["../agents/code_reviewer", "/etc/passwd", "", "*", "a\0b"])
def test_a_name_cannot_reach_outside_the_folders(name: str) -> None:
    with pytest.raises(UnknownAgent):
        Catalog().agent(name)


def test_a_file_is_read_once_and_by_the_next_catalog_again(tmp_path: Path) -> None:
    file = write_agent(tmp_path, "poet", description="first")
    catalog = Catalog([tmp_path])
    first = catalog.agent("poet")

    file.write_text(file.read_text().replace("first", "second"))

    assert catalog.agent("poet") is first
    assert Catalog([tmp_path]).agent("poet").description == "second"


def test_a_file_that_comes_later_is_found(tmp_path: Path) -> None:
    catalog = Catalog([tmp_path])

    write_agent(tmp_path, "poet")

    assert catalog.agent("poet").name == "poet"


def test_a_broken_file_is_listed_with_its_error_beside_the_good_ones(tmp_path: Path) -> None:
    write_agent(tmp_path, "good")
    broken = tmp_path / "agents" / "broken.md"
    broken.write_text("no front matter")

    entries = {entry.name: entry for entry in Catalog([tmp_path]).agents()}

    assert isinstance(entries["good"].content, Agent)
    assert isinstance(entries["broken"].content, InvalidFile)
    assert entries["broken"].file == broken
    assert len(entries) == len(Catalog().agents()) + 2


def test_a_broken_file_does_not_let_the_built_in_one_of_its_name_through(tmp_path: Path) -> None:
    write_agent(tmp_path, "code_reviewer").write_text("no front matter")
    catalog = Catalog([tmp_path])

    with pytest.raises(InvalidFile, match="no front matter"):
        catalog.agent("code_reviewer")

    errors = [entry.name for entry in catalog.teams() if isinstance(entry.content, InvalidFile)]
    assert errors == ["demo", "review"]


def test_a_team_is_found_by_name_or_by_its_file(tmp_path: Path) -> None:
    file = write_team(tmp_path, "verse", agent="documentation_writer")

    catalog = Catalog([tmp_path])

    assert catalog.team("verse") == catalog.team(file) == catalog.team(str(file))
    assert [entry.name for entry in catalog.teams()] == [
        "content",
        "demo",
        "development",
        "research",
        "review",
        "verse",
    ]


def test_a_team_that_is_found_by_name_is_called_like_its_file(tmp_path: Path) -> None:
    file = write_team(tmp_path, "prose", agent="main")
    file.rename(file.with_stem("verse"))

    with pytest.raises(InvalidFile, match="the name 'prose' does not match the file name"):
        Catalog([tmp_path]).team("verse")


def test_a_file_that_is_named_by_its_path_may_be_called_otherwise(tmp_path: Path) -> None:
    file = write_team(tmp_path, "my_team", agent="main").rename(tmp_path / "my-team.yaml")

    assert Catalog().team(file).name == "my_team"


def test_an_unknown_team_is_reported_with_the_closest_name() -> None:
    with pytest.raises(NotFound) as caught:
        Catalog().team("contnt")

    assert caught.value.message == "there is no team 'contnt'"
    assert "did you mean 'content'?" in caught.value.hint


def test_a_missing_team_file_is_reported_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"nowhere\.yaml: cannot be read"):
        Catalog().team(tmp_path / "nowhere.yaml")


def test_a_team_with_an_unknown_agent_is_refused_on_its_line(tmp_path: Path) -> None:
    file = write_team(tmp_path, "verse", agent="code_reviewr")

    with pytest.raises(InvalidFile) as caught:
        Catalog().team(file)

    assert caught.value.message == f"{file}:3: there is no agent 'code_reviewr'"
    assert "did you mean 'code_reviewer'?" in caught.value.hint


def test_a_new_catalog_sees_a_file_that_has_changed(tmp_path: Path) -> None:
    write_agent(tmp_path, "poet", description="before")
    before = Catalog([tmp_path]).agent("poet")
    write_agent(tmp_path, "poet", description="after")

    assert Catalog([tmp_path]).agent("poet").description == "after"
    assert before.description == "before"


def test_files_that_are_alike_are_told_apart_by_their_path(tmp_path: Path) -> None:
    file = write_agent(tmp_path, "poet")
    Catalog([tmp_path]).agent("poet")
    file.rename(file.with_name("bard.md"))

    with pytest.raises(InvalidFile, match=r"bard\.md:2"):
        Catalog([tmp_path]).agent("bard")


def test_the_names_of_agents_include_those_whose_files_are_not_valid(tmp_path: Path) -> None:
    write_agent(tmp_path, "poet").write_text("nothing")

    names = Catalog([tmp_path]).agent_names()

    assert names == sorted(names)
    assert {"poet", "code_reviewer"} <= set(names)
