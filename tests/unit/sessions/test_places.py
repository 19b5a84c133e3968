"""Places: the folder of a new session, by its task, its agent and its parent."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.session import Session, SessionOptions
from parallel_agents.core.task import Task
from parallel_agents.core.workspace import Workspace
from parallel_agents.errors import InvalidInput
from parallel_agents.sessions.places import check_folders, settle, works_in_folder

AGENT = Agent(name="coder", description="Codes", instructions="Code.")
NOTHING = SessionOptions()


def parent(options: SessionOptions, key: str = "agent:lead:subagent:1") -> Session:
    session = SessionKey(key)
    return Session(
        key=session, agent=AGENT, label="lead", spawn_key="k", root=session, options=options
    )


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path.resolve())


def test_nothing_asked_for_is_the_folder_of_the_process() -> None:
    assert settle(NOTHING, None, None) == NOTHING


def test_a_session_works_in_a_folder_if_one_was_named(folder: str) -> None:
    assert not works_in_folder(settle(NOTHING, None, None))
    assert works_in_folder(settle(NOTHING, Workspace.at(folder), None))
    assert works_in_folder(settle(NOTHING, Workspace.own(folder), None))


def test_a_copy_is_of_the_whole_path_of_the_folder(folder: str) -> None:
    asked = Workspace.own(f"{folder}/../{Path(folder).name}")

    assert settle(NOTHING, asked, None).workspace == Workspace.own(folder)


def test_a_folder_of_the_options_that_is_not_there_is_refused(folder: str) -> None:
    Path(folder, "circle").symlink_to("circle")

    with pytest.raises(InvalidInput, match="circle cannot be used"):
        check_folders([Task("a", "b", options=SessionOptions(cwd=f"{folder}/circle"))])
    with pytest.raises(InvalidInput, match="nowhere cannot be used"):
        check_folders(
            [Task("a", "b"), Task("a", "b", options=SessionOptions(cwd=f"{folder}/nowhere"))]
        )


def test_a_folder_as_it_is_is_the_folder_of_the_tools(folder: str) -> None:
    assert settle(NOTHING, Workspace.at(folder), None) == SessionOptions(cwd=folder)


def test_a_copy_without_a_parent_is_of_the_folder_of_the_process() -> None:
    here = str(Path.cwd().resolve())

    assert settle(NOTHING, Workspace.own(), None).workspace == Workspace.own(here)


def test_a_folder_of_the_task_overrides_the_agents_workspace(folder: str) -> None:
    options = SessionOptions(cwd=folder)

    assert settle(options, Workspace.own(folder), None) == options


def test_a_child_gets_a_copy_of_its_parents_workspace(folder: str) -> None:
    above = parent(SessionOptions(workspace=Workspace.own(folder)))

    assert settle(NOTHING, None, above).workspace == Workspace.own()


def test_what_the_runtime_makes_for_a_parent_shares_its_workspace(folder: str) -> None:
    above = parent(SessionOptions(workspace=Workspace.own(folder)))
    judge = SessionOptions(is_service=True)

    assert settle(judge, None, above).workspace == Workspace.parent()


def test_a_task_of_a_team_has_no_parent_to_copy(folder: str) -> None:
    team = parent(SessionOptions(workspace=Workspace.own(folder)), key="team:t:1")

    assert settle(NOTHING, None, team) == NOTHING


def test_a_child_of_a_session_in_a_folder_shares_or_copies_that(folder: str) -> None:
    above = parent(SessionOptions(cwd=folder))

    assert settle(NOTHING, Workspace.parent(), above) == SessionOptions(cwd=folder)
    assert settle(NOTHING, Workspace.own(), above).workspace == Workspace.own(folder)


@pytest.mark.parametrize("name", ["none", "file"])
def test_what_is_no_folder_is_refused(folder: str, name: str) -> None:
    (Path(folder) / "file").write_text("")

    with pytest.raises(InvalidInput):
        settle(NOTHING, Workspace.own(f"{folder}/{name}"), None)


def test_the_folder_of_a_parent_needs_a_parent() -> None:
    with pytest.raises(InvalidInput, match="no parent"):
        settle(NOTHING, Workspace.parent(), None)
