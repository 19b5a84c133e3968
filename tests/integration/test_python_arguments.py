"""Every argument of the Python face with every odd value: refused in our words, or taken on purpose."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from functools import wraps
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

import parallel_agents as pa
from parallel_agents import testing
from parallel_agents.api.opening import Options
from parallel_agents.app.care import Care
from parallel_agents.app.program_verbs import ProgramVerbs
from parallel_agents.app.resolving_workspaces import ResolvingWorkspaces
from parallel_agents.errors import CallerError, InvalidInput
from parallel_agents.testing import RepliesWith
from tests.integration.taken_arguments import NOTHING, TAKEN

WRITER = pa.Agent(name="writer", description="Writes", instructions="Write.")
TASK = pa.Task("writer", "Go.")
UNTYPED: Any = pa  # as a caller without a type checker sees it
ODD: Mapping[str, object] = {
    **{repr(value): value for value in (None, 5, -1, True, "x", "", [], [1], {}, {"a": 1}, b"x")},
    "object()": object(),
    "print": print,
    "nan": math.nan,
    "int": int,
    "async": asyncio.sleep,
}


class Face(NamedTuple):
    """An open store, and what its verbs returned."""

    sessions: pa.OpenSessions
    handle: pa.SessionHandle
    letter: pa.DeadLetter
    team: pa.SessionHandle


class Call(NamedTuple):
    """A public function, and arguments that it takes."""

    function: Callable[..., Any]
    good: Mapping[str, Any]

    @property
    def parameters(self) -> list[str]:
        parameters = inspect.signature(self.function).parameters.values()
        return [p.name for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD]


def model(_: str) -> RepliesWith:
    return RepliesWith(lambda request: request.messages[-1].text)


def options(home: Path) -> Options:
    return {"home": home, "agents": [WRITER], "models": {"scripted": model}}


async def launch(flow: pa.Flow) -> str:
    return "done"


def ended(start: Callable[..., Awaitable[pa.SessionHandle]]) -> Callable[..., Awaitable[None]]:
    """The same, once its run has ended: what the next call takes depends on that."""

    @wraps(start)
    async def run(*args: Any, **kwargs: Any) -> None:
        await (await start(*args, **kwargs)).wait()

    return run


def sessions_calls(face: Face) -> dict[str, Call]:
    sessions, handle = face.sessions, face.handle
    named = {"name": handle.key}
    return {
        "spawn": Call(sessions.spawn, {"task": TASK}),
        "spawn_team": Call(sessions.spawn_team, {"team": pa.TeamTask(tasks=(TASK,))}),
        "spawn_flow": Call(sessions.spawn_flow, {"function": launch}),
        "team_result": Call(sessions.team_result, {"handle": face.team}),
        "send": Call(sessions.send, {**named, "text": "Go on."}),
        "fork": Call(sessions.fork, {"session": face.letter.session.key, "text": "Go on."}),
        "steer": Call(sessions.steer, {**named, "text": "Go on.", "mode": "after"}),
        "kill": Call(sessions.kill, {**named, "dry_run": True}),
        "pause": Call(sessions.pause, named),
        "unpause": Call(sessions.unpause, named),
        "wait": Call(sessions.wait, {"handles": [handle]}),
        "dead_letters": Call(sessions.dead_letters, {}),
        "retry": Call(ended(sessions.retry), {"dead_letter": face.letter}),
        "questions": Call(sessions.questions, {}),
        "answer": Call(sessions.answer, {"question": "q-1"}),
        "drop": Call(sessions.drop, {"dead_letters": []}),
        "batch": Call(sessions.batch, {"agent": "writer", "items": ["a"]}),
        "pool": Call(sessions.pool, {"agent": "writer", "name": "writers"}),
        "list": Call(sessions.list, {}),
        "costs": Call(sessions.costs, {}),
        "history": Call(sessions.history, named),
        "compare": Call(sessions.compare, {"a": handle, "b": face.team}),
        "prompts": Call(sessions.prompts, named),
        "listen": Call(sessions.listen, {**named, "on_text": print}),
        "follow": Call(sessions.follow, {"session": handle}),
        "state": Call(sessions.state, {"session": handle}),
        "artifacts": Call(sessions.artifacts, {"session": handle}),
    }


def handle_calls(face: Face) -> dict[str, Call]:
    handle = face.handle
    return {
        "wait": Call(handle.wait, {}),
        "fork": Call(handle.fork, {"text": "Go on."}),
        "send": Call(handle.send, {"text": "Go on."}),
        "steer": Call(handle.steer, {"text": "Go on.", "mode": "after"}),
        "kill": Call(handle.kill, {}),
        "pause": Call(handle.pause, {}),
        "unpause": Call(handle.unpause, {}),
        "history": Call(handle.history, {}),
        "listen": Call(handle.listen, {"on_text": print}),
        "follow": Call(handle.follow, {}),
    }


def pool_calls(face: Face) -> dict[str, Call]:
    return {"run": Call(face.sessions.pool("writer", name="all").run, {"text": "Go."})}


def store_calls(face: Face) -> dict[str, Call]:
    store = face.sessions.store
    return {
        "stats": Call(store.stats, {}),
        "contents": Call(store.contents, {}),
        "plan": Call(store.plan, {"retention": pa.Retention()}),
        "named": Call(store.named, {"names": ["x"]}),
        "prune": Call(store.prune, {"trees": []}),
        "backup": Call(store.backup, {"target": Path("copy.db")}),
        "vacuum": Call(store.vacuum, {}),
        "check": Call(store.check, {}),
    }


def workspace_calls(face: Face) -> dict[str, Call]:
    workspaces = face.sessions.workspaces
    return {
        "list": Call(workspaces.list, {}),
        "diff": Call(workspaces.diff, {"name": "x"}),
        "merge": Call(workspaces.merge, {"name": "x"}),
        "resolve": Call(workspaces.resolve, {"name": "x"}),
        "clean": Call(workspaces.clean, {}),
        "on_behalf": Call(workspaces.on_behalf, {"via": "x"}),
    }


def connected_calls(face: Face) -> dict[str, Call]:
    """The verbs of a gateway, on the verbs of the open store: what they check comes before both."""
    sessions = ProgramVerbs(face.sessions._service, face.sessions._journal)  # pyright: ignore[reportPrivateUsage]
    shared, named = sessions_calls(face), verbs_of(ProgramVerbs)
    functions = {name: getattr(sessions, name) for name in named}
    functions["retry"] = ended(functions["retry"])
    return {name: Call(functions[name], shared[name].good) for name in named}


def verbs_of(kind: type[object]) -> set[str]:
    """The public methods of a class and of those that it is made of."""
    return {
        name
        for each in kind.__mro__[:-1]
        for name, value in vars(each).items()
        if not name.startswith("_") and not isinstance(value, property)
    }


WALKED: Mapping[type[object], Callable[[Face], dict[str, Call]]] = {
    pa.OpenSessions: sessions_calls,
    pa.SessionHandle: handle_calls,
    pa.Pool: pool_calls,
    Care: store_calls,
    ResolvingWorkspaces: workspace_calls,
}


async def test_the_verbs_of_a_gateway_refuse_what_those_of_a_store_refuse(tmp_path: Path) -> None:
    async with pa.open(**options(tmp_path)) as sessions:
        handle = await sessions.spawn(TASK)
        team = await sessions.spawn_team(pa.TeamTask(tasks=(TASK,)), key="x")
        failing = pa.Task("writer", "Go.", gates=(pa.ConditionGate(condition="len(text) > 999"),))
        await (await sessions.spawn(failing)).wait()
        (letter,) = await sessions.dead_letters()
        calls = connected_calls(Face(sessions, handle, letter, team))

        walked = await walk("OpenSessions", calls)

    assert walked.faults == []
    assert walked.taken == {
        place: taken
        for place, taken in TAKEN.items()
        if place.startswith("OpenSessions.") and place.split(" ")[0].split(".")[1] in calls
    }


async def outcome(call: Call, arguments: Mapping[str, object]) -> str:
    """`taken`; or `refused`, if the error says what and how in our words; or what was raised."""
    try:
        value = call.function(**arguments)
        if isinstance(value, Coroutine):
            await value
        elif hasattr(value, "__anext__"):
            async for event in value:
                assert isinstance(event, pa.Event)
        elif hasattr(value, "__aiter__"):
            async for result in value:
                assert isinstance(result, pa.Result)
        elif hasattr(value, "__aenter__"):
            async with value:
                pass
    except pa.PagentsError as error:
        is_refused = isinstance(error, CallerError) and error.hint
        return "refused" if is_refused else f"{error.code} {error}"
    except Exception as error:  # noqa: BLE001 - any other is the fault that is looked for
        return f"{type(error).__name__}: {error}"
    return "taken"


class Walked(NamedTuple):
    """The odd values that each parameter takes, and what is neither taken nor refused well."""

    taken: dict[str, set[str]]
    faults: list[str]


async def walk(where: str, calls: Mapping[str, Call]) -> Walked:
    taken: dict[str, set[str]] = {}
    faults: list[str] = []
    for name, call in calls.items():
        for parameter in call.parameters:
            for shown, value in ODD.items():
                found = await outcome(call, {**call.good, parameter: value})
                place = f"{where}.{name} {parameter}"
                if found == "taken":
                    taken.setdefault(place, set()).add(shown)
                elif found != "refused":
                    faults.append(f"{place}={shown}: {found}")
    return Walked(taken, faults)


@pytest.fixture(autouse=True)
def scratch_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "PARALLEL_AGENTS_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PARALLEL_AGENTS_MODEL", "scripted/model")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", WALKED, ids=lambda kind: kind.__name__)
async def test_a_verb_refuses_every_odd_value_that_nobody_means(
    kind: type[object], tmp_path: Path
) -> None:
    async with pa.open(**options(tmp_path)) as sessions:
        handle = await sessions.spawn(TASK)
        team = await sessions.spawn_team(pa.TeamTask(tasks=(TASK,)), key="x")
        failing = pa.Task("writer", "Go.", gates=(pa.ConditionGate(condition="len(text) > 999"),))
        await (await sessions.spawn(failing)).wait()
        (letter,) = await sessions.dead_letters()
        calls = WALKED[kind](Face(sessions, handle, letter, team))

        walked = await walk(kind.__name__, calls)

    assert calls.keys() == verbs_of(kind)
    assert walked.faults == []
    assert walked.taken == {
        place: taken for place, taken in TAKEN.items() if place.startswith(f"{kind.__name__}.")
    }


@pytest.mark.parametrize("name", ["run", "arun", "stream", "open"])
async def test_what_opens_a_store_refuses_every_odd_value_that_nobody_means(
    name: str, tmp_path: Path
) -> None:
    good = options(tmp_path) if name == "open" else {"tasks": [TASK], **options(tmp_path)}
    call = Call(getattr(pa, name), good)

    walked = await walk("pa", {name: call})

    assert walked.faults == []
    assert walked.taken == {
        place: taken for place, taken in TAKEN.items() if place.startswith(f"pa.{name} ")
    }


@pytest.mark.parametrize("name", ["run_flow", "arun_flow"])
async def test_what_runs_a_flow_refuses_every_odd_value_that_nobody_means(
    name: str, tmp_path: Path
) -> None:
    call = Call(getattr(pa, name), {"function": launch, **options(tmp_path)})

    walked = await walk("pa", {name: call})

    assert walked.faults == []
    assert walked.taken == {
        place: taken for place, taken in TAKEN.items() if place.startswith(f"pa.{name} ")
    }


@pytest.mark.parametrize("name", ["do", "ado"])
async def test_what_does_a_goal_refuses_every_odd_value_that_nobody_means(
    name: str, tmp_path: Path
) -> None:
    call = Call(getattr(pa, name), {"goal": "Tea", **options(tmp_path)})

    walked = await walk("pa", {name: call})

    assert walked.faults == []
    assert walked.taken == {
        place: taken for place, taken in TAKEN.items() if place.startswith(f"pa.{name} ")
    }


@pytest.mark.parametrize("name", ["create_agent", "acreate_agent"])
async def test_what_makes_an_agent_refuses_every_odd_value_that_nobody_means(
    name: str, tmp_path: Path
) -> None:
    given = {"name": "sorter", "purpose": "Sorts.", "home": tmp_path, "model": "scripted/model"}
    given |= {"models": {"scripted": model}, "settings": {"model": "scripted/model"}}
    call = Call(getattr(pa, name), given)

    walked = await walk("pa", {name: call})

    assert walked.faults == []
    assert walked.taken == {
        place: taken for place, taken in TAKEN.items() if place.startswith(f"pa.{name} ")
    }


@pytest.mark.parametrize("name", ["export", "aexport", "record", "arecord"])
async def test_what_looks_at_a_run_refuses_every_odd_value_that_nobody_means(
    name: str, tmp_path: Path
) -> None:
    await pa.arun([pa.Task("writer", "Go.", key="x")], model="scripted/m", **options(tmp_path))
    given: dict[str, object] = {"name": "@last", "home": tmp_path}
    given |= {"file": tmp_path / "a.html", "force": True} if "export" in name else {}
    call = Call(getattr(pa, name), given)

    walked = await walk("pa", {name: call})

    assert walked.faults == []
    assert walked.taken == {
        place: taken for place, taken in TAKEN.items() if place.startswith(f"pa.{name} ")
    }


@pytest.mark.parametrize("name", ["compare", "acompare"])
async def test_a_comparison_refuses_every_odd_value_that_nobody_means(
    name: str, tmp_path: Path
) -> None:
    tasks = [pa.Task("writer", "Go.", key=key, label=key) for key in ("mint", "sage")]
    await pa.arun(tasks, model="scripted/m", **options(tmp_path))
    call = Call(getattr(pa, name), {"a": "@last/mint", "b": "@last/sage", "home": tmp_path})

    walked = await walk("pa", {name: call})

    assert walked.faults == []
    assert walked.taken == {
        place: taken for place, taken in TAKEN.items() if place.startswith(f"pa.{name} ")
    }


@pytest.mark.parametrize("name", ["search", "asearch"])
async def test_a_search_refuses_every_odd_value_that_nobody_means(
    name: str, tmp_path: Path
) -> None:
    await pa.arun([pa.Task("writer", "Go.", key="x")], model="scripted/m", **options(tmp_path))
    call = Call(getattr(pa, name), {"phrase": "go", "home": tmp_path})

    walked = await walk("pa", {name: call})

    assert walked.faults == []
    assert walked.taken == {
        place: taken for place, taken in TAKEN.items() if place.startswith(f"pa.{name} ")
    }


@pytest.mark.parametrize("name", ["map_rows", "amap_rows", "price_rows", "aprice_rows"])
async def test_a_map_refuses_every_odd_value_that_nobody_means(name: str, tmp_path: Path) -> None:
    good = {"agent": WRITER, "rows": [{"a": 1}], "text": "{a}", **options(tmp_path)}
    call = Call(getattr(pa, name), good)

    walked = await walk("pa", {name: call})

    assert walked.faults == []
    assert walked.taken == {
        place: taken for place, taken in TAKEN.items() if place.startswith(f"pa.{name} ")
    }


@pytest.mark.parametrize("name", ["map", "amap"])
async def test_a_small_map_refuses_every_odd_value_that_nobody_means(
    name: str, tmp_path: Path
) -> None:
    call = Call(getattr(pa, name), {"agent": WRITER, "items": ["a"], **options(tmp_path)})

    walked = await walk("pa", {name: call})

    assert walked.faults == []
    assert walked.taken == {
        place: taken for place, taken in TAKEN.items() if place.startswith(f"pa.{name} ")
    }


@pytest.mark.parametrize("name", ["run_plan", "arun_plan", "load_plan"])
async def test_what_is_done_with_a_plan_refuses_every_odd_value_that_nobody_means(
    name: str, tmp_path: Path
) -> None:
    file = tmp_path / "verse.yaml"
    file.write_text(
        "name: verse\ndescription: A verse.\ntasks: [{agent: writer, text: Go., label: a}]\n"
    )
    plan = pa.load_plan(file, agents=[WRITER])
    is_load = name == "load_plan"
    good = {"file": file, "agents": [WRITER]} if is_load else {"plan": plan, **options(tmp_path)}

    walked = await walk("pa", {name: Call(getattr(pa, name), good)})

    assert walked.faults == []
    assert walked.taken == {
        place: taken for place, taken in TAKEN.items() if place.startswith(f"pa.{name} ")
    }


async def test_a_tool_refuses_every_odd_value_that_nobody_means() -> None:
    def of(function: Any) -> object:
        return pa.tool(function)

    def with_effect(effect: Any) -> object:
        return pa.tool(effect=effect)

    walked = await walk("tool", {"of": Call(of, {}), "with_effect": Call(with_effect, {})})

    assert walked.faults == []
    assert walked.taken == {"tool.of function": {NOTHING}}


MADE: Mapping[str, Mapping[str, Callable[[], Any]]] = {
    "ScriptedModel": {"replies": list},
    "RepliesWith": {"answer": lambda: str},
    "LoopbackProvider": {},
    "Simulated": {"day": lambda: testing.DAYS["calm"]},
    "MemoryStore": {},
    "HttpError": {"status": lambda: 500},
    "Hang": {},
    "Cut": {},
    "Garbage": {},
    "Refusal": {},
    "Drip": {"seconds": lambda: 1.0},
    "Hold": {"is_over": lambda: lambda: True},
    "Behaviour": {},
    "Day": {"name": lambda: "day"},
    "first": {"count": lambda: 1, "fault": testing.Hang},
    "open_rig": {},
    "serve": {},
    "make_answer": {"schema": lambda: {"type": "string"}, "rng": Random},
}


# Values that fakes and rigs return, an enum, an alias, an error; a loop, which asyncio makes; and the types of fixtures.
NOT_CALLED = {
    "Answer",
    "DAYS",
    "Deadlock",
    "Mishap",
    "Received",
    "Rig",
    "Script",
    "VirtualLoop",
} | {
    "MakeScripted",
    "RunVirtual",
    "StartProvider",
}


def test_every_public_fake_is_walked() -> None:
    assert set(testing.__all__) - NOT_CALLED == {*MADE, "run_virtual"}


def test_what_is_run_on_virtual_time_is_a_coroutine() -> None:
    untyped: Any = testing

    with pytest.raises(InvalidInput, match=r"work of run_virtual\(\) is 5 \(int\)"):
        untyped.run_virtual(5)


@pytest.mark.parametrize("name", MADE)
async def test_a_fake_refuses_an_odd_value_in_our_words(name: str) -> None:
    good = {parameter: make() for parameter, make in MADE[name].items()}

    walked = await walk("testing", {name: Call(getattr(testing, name), good)})

    assert walked.faults == []
    assert walked.taken == {
        place: taken for place, taken in TAKEN.items() if place.startswith(f"testing.{name} ")
    }


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ([], "tasks is empty"),
        ([replace(TASK, label="a"), replace(TASK, label="a")], "two tasks have the label 'a'"),
    ],
)
def test_tasks_that_make_no_sense_are_refused_before_anything_is_stored(
    tasks: list[pa.Task], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput) as refused:
        pa.run(tasks, **options(tmp_path))

    assert refused.value.message == message
    assert refused.value.hint


@pytest.mark.parametrize("function", [pa.run, pa.arun, pa.open, pa.OpenSessions.wait, pa.Task])
def test_a_signature_stays_as_it_is_written(function: Callable[..., object]) -> None:
    names = {p.kind for p in inspect.signature(function).parameters.values()}

    assert inspect.Parameter.VAR_POSITIONAL not in names
