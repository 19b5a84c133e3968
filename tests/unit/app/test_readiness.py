"""What a process lacks for a run: it leaves what it would only break."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from parallel_agents.app.readiness import Readiness
from parallel_agents.core.agent import Agent
from parallel_agents.core.gate import FunctionGate
from parallel_agents.core.ids import RunId, SessionKey, make_flow_key
from parallel_agents.core.needs import Needs
from parallel_agents.core.row import Row
from parallel_agents.core.run import Run, RunnerKind, RunStatus
from parallel_agents.core.session import Session, SessionOptions
from parallel_agents.models.http import Http
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.registry import Registry
from parallel_agents.testing import ScriptedModel

AGENT = Agent(
    name="writer",
    description="Writes",
    instructions="Write.",
    tools=("look",),
    gates=(FunctionGate(function="is_short"),),
)
KEY = SessionKey("agent:writer:subagent:1")
PROJECT = "/home/ana/project/.parallel-agents"
KEYS = {"MINE": "k"}


def registry(url: str = "https://mine.example/v1") -> Registry:
    mine = {"wire": "chat", "base_url": url, "key": "env:MINE"}
    return Registry(
        read_providers({"mine": mine}),
        KEYS.get,
        Http(),
        factories={"scripted": lambda name: ScriptedModel([], name)},
    )


WHERE_IT_BEGAN = Readiness(models=registry(), tools=("look",), gates=("is_short",), project=PROJECT)


def row(model: str = "mine/m", *, kind: RunnerKind = RunnerKind.AGENT, cwd: str = "") -> Row:
    options = SessionOptions(needs=WHERE_IT_BEGAN.needs([model]), cwd=cwd)
    session = Session(
        key=KEY, agent=AGENT, label="writer", spawn_key="1", root=KEY, options=options
    )
    run = Run(
        id=RunId("1"),
        session=KEY,
        number=1,
        kind=kind,
        status=RunStatus.QUEUED,
        title="",
        model=model,
    )
    return Row(session=session, run=run)


def test_the_process_that_made_a_run_lacks_nothing_for_it() -> None:
    assert WHERE_IT_BEGAN.lacks(row()) == ""
    assert WHERE_IT_BEGAN.lacks(row("scripted/m")) == ""


CHANGES: Mapping[str, tuple[Mapping[str, object], str]] = {
    "folder": ({"project": ""}, "it was started in /home/ana/project"),
    "other folder": ({"project": "/elsewhere/.parallel-agents"}, "started in /home/ana/project"),
    "tool": ({"tools": ()}, "no tool 'look' in this process"),
    "gate": ({"gates": ()}, "no gate function 'is_short' in this process"),
    "server": (
        {"models": registry("https://evil.example/v1")},
        "it uses mine at https://mine.example/v1; here it is at https://evil.example/v1",
    ),
    "server made by the program": (
        {
            "models": Registry(
                {}, KEYS.get, Http(), factories={"mine": lambda name: ScriptedModel([], name)}
            )
        },
        "it uses mine at https://mine.example/v1; here it is made by the program",
    ),
    "provider": (
        {"models": Registry({}, KEYS.get, Http())},
        "it uses mine at https://mine.example/v1; no provider is called so here",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_process_names_what_it_lacks(what: str) -> None:
    change, lack = CHANGES[what]

    assert lack in replace(WHERE_IT_BEGAN, **change).lacks(row())


def test_a_key_that_is_not_set_is_lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(KEYS, "MINE")

    assert "MINE is not set" in replace(WHERE_IT_BEGAN, models=registry()).lacks(row())


def test_a_folder_that_is_not_there_is_lacking(tmp_path: Path) -> None:
    assert WHERE_IT_BEGAN.lacks(row(cwd=str(tmp_path))) == ""
    assert "no folder" in WHERE_IT_BEGAN.lacks(row(cwd=str(tmp_path / "gone")))


def test_a_run_of_another_folder_can_be_continued_there_while_it_exists(tmp_path: Path) -> None:
    there = replace(WHERE_IT_BEGAN, project=str(tmp_path))
    other = row()
    options = replace(other.session.options, needs=there.needs(["mine/m"]))
    other = replace(other, session=replace(other.session, options=options))

    assert WHERE_IT_BEGAN.place_of(other) == f"in {tmp_path.parent}"
    assert WHERE_IT_BEGAN.is_elsewhere(other)
    assert not WHERE_IT_BEGAN.is_elsewhere(row())
    assert not replace(WHERE_IT_BEGAN, project="").is_elsewhere(row())


def test_a_team_needs_its_folder() -> None:
    team = row(kind=RunnerKind.TEAM)

    assert WHERE_IT_BEGAN.lacks(team) == ""
    assert "it was started in" in replace(WHERE_IT_BEGAN, project="").lacks(team)


def test_a_session_of_an_earlier_version_needs_no_folder() -> None:
    old = row()
    old = replace(old, session=replace(old.session, options=SessionOptions()))

    assert replace(WHERE_IT_BEGAN, project="").lacks(old) == ""


def test_a_run_outside_of_any_project_is_not_continued_inside_of_one() -> None:
    inside = replace(WHERE_IT_BEGAN, project=PROJECT)
    outside = row()
    options = SessionOptions(needs=Needs())
    outside = replace(outside, session=replace(outside.session, options=options))

    assert inside.lacks(outside) == "it was started outside of any project"
    assert replace(inside, is_project_empty=True).lacks(outside) == ""
    assert not replace(inside, is_project_empty=True).is_elsewhere(outside)


@pytest.mark.parametrize(
    ("began", "here", "lack"),
    [
        ("/a.py:article", "/a.py:article", ""),
        (
            "/a.py:article",
            "/b.py:article",
            "its function article is another one here: /b.py:article",
        ),
        ("", "/b.py:article", ""),  # an earlier version stored no place
    ],
)
def test_a_flow_is_taken_over_only_with_its_own_function(began: str, here: str, lack: str) -> None:
    flow = row(kind=RunnerKind.FLOW)
    session = replace(
        flow.session,
        key=make_flow_key("article", "one"),
        options=SessionOptions(needs=Needs(function=began)),
    )
    ready = Readiness(models=registry(), flows=("article",), origin_of=lambda _: here)

    assert ready.lacks_to_take_over(replace(flow, session=session)) == lack
    assert ready.lacks(replace(flow, session=session)) == "", "whoever asks for it may continue it"


def test_what_a_session_needs_holds_nothing_secret_of_an_address() -> None:
    here = Readiness(models=registry("https://mine.example/v1?code=s3cret"))

    assert "s3cret" not in str(here.needs(["mine/m"]))
