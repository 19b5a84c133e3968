"""Results come as their tasks end, whatever becomes of the others and of the loop that reads them."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from pydantic import BaseModel
from typing_extensions import override

import parallel_agents as pa
from parallel_agents.api.opening import Options
from parallel_agents.errors import AuthFailed, InvalidInput, UnknownAgent
from parallel_agents.testing import Answer, RepliesWith
from tests.support.terminal_stream import TerminalStream


class Verdict(BaseModel):
    kind: str


WRITER = pa.Agent("writer", instructions="Write.")
SORTER = pa.Agent("sorter", instructions="Sort.", output=Verdict)
LAST_FIRST = ("slow", "quick", "wrong")
PATIENCE_SECONDS = 30


class SlowOne(RepliesWith):
    """Answers the task `slow` once somebody says so, and the others at once."""

    def __init__(self) -> None:
        super().__init__(self._reply)
        self.calls = 0
        self.is_awaited = threading.Event()

    @override
    async def respond(
        self, request: pa.ModelRequest, listener: pa.Listener | None = None
    ) -> pa.ModelReply:
        self.calls += 1
        if request.messages[-1].text == "slow":
            await asyncio.to_thread(self.is_awaited.wait, PATIENCE_SECONDS)
        return await super().respond(request, listener)

    @staticmethod
    def _reply(request: pa.ModelRequest) -> Answer:
        name = request.messages[-1].text
        return AuthFailed("no key") if name == "wrong" else name.upper()


def options(home: Path, model: pa.Model) -> Options:
    return {"home": home, "agents": [WRITER], "models": {"scripted": lambda _: model}}


def tasks(names: Sequence[str] = LAST_FIRST) -> list[pa.Task]:
    return [pa.Task("writer", name, label=name) for name in names]


def stream(home: Path, model: pa.Model, key: str | None = None) -> pa.Stream[object]:
    return pa.stream(tasks(), key=key, model="scripted/m", **options(home, model))


def test_results_come_as_tasks_end_and_a_failure_hides_none(tmp_path: Path) -> None:
    model = SlowOne()
    results: list[pa.Result[object]] = []

    for result in stream(tmp_path, model):
        results.append(result)
        if len(results) == 2:
            model.is_awaited.set()

    assert results[-1].label == "slow"
    assert {result.label: str(result.status) for result in results} == {
        "slow": "done",
        "quick": "done",
        "wrong": "failed",
    }


async def test_results_come_as_tasks_end_in_async_code(tmp_path: Path) -> None:
    model = SlowOne()
    labels: list[str] = []

    async for result in stream(tmp_path, model):
        labels.append(result.label)
        if len(labels) == 2:
            model.is_awaited.set()

    assert labels[-1] == "slow"
    assert sorted(labels) == sorted(LAST_FIRST)


async def test_a_loop_that_is_left_begins_nothing_new_and_the_same_key_continues(
    tmp_path: Path,
) -> None:
    names = [f"page {n}" for n in range(9)]
    asked: dict[str, int] = {"first": 0, "second": 0}

    def counted(name: str) -> RepliesWith:
        def reply(request: pa.ModelRequest) -> Answer:
            asked[name] += 1
            return request.messages[-1].text

        return RepliesWith(reply)

    async with pa.stream(
        tasks(names),
        key="pages",
        max_parallel=1,
        model="scripted/m",
        **options(tmp_path, counted("first")),
    ) as results:
        async for _ in results:
            break
    rest = [
        result.label
        async for result in pa.stream(
            tasks(names),
            key="pages",
            model="scripted/m",
            **options(tmp_path, counted("second")),
        )
    ]

    assert sorted(rest) == names
    assert asked["first"] < len(names)
    assert asked["first"] + asked["second"] == len(names)


def test_a_loop_that_is_left_without_async_ends_its_store(tmp_path: Path) -> None:
    results = stream(tmp_path, RepliesWith(lambda _: "Done."), key="k")
    for _ in results:
        break
    again = list(stream(tmp_path, RepliesWith(lambda _: "Done."), key="k"))

    assert len(again) == 3
    with pytest.raises(InvalidInput, match="iterated already"):
        list(results)


def test_a_loop_that_is_left_ends_its_work_even_if_its_stream_is_kept(tmp_path: Path) -> None:
    model, names = SlowOne(), [f"page {n}" for n in range(9)]
    given = options(tmp_path, model)
    results = pa.stream(tasks(names), model="scripted/m", max_parallel=1, **given)
    working: list[threading.Thread] = []

    for _ in results:
        working = [each for each in threading.enumerate() if each.name == "pagents-stream"]
        break
    for thread in working:
        thread.join(PATIENCE_SECONDS)

    assert 1 <= model.calls < len(names)


def test_a_program_ends_that_has_taken_some_results_and_keeps_the_rest(tmp_path: Path) -> None:
    program = """
import sys
import parallel_agents as pa

results = iter(pa.stream([pa.Task("main", f"page {n}") for n in range(9)], model="sim/calm",
                         max_parallel=1, home=sys.argv[1]))
print(next(results).status)
"""

    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (0, "done\n")
    assert "Traceback" not in ended.stderr


def test_a_stream_of_no_tasks_has_no_results_and_opens_no_store(tmp_path: Path) -> None:
    async def read() -> list[pa.Result[object]]:
        return [result async for result in pa.stream([], home=tmp_path)]

    assert list(pa.stream([], home=tmp_path)) == []
    assert asyncio.run(read()) == []
    assert not list(tmp_path.iterdir())


def test_what_cannot_begin_is_raised_by_the_first_result(tmp_path: Path) -> None:
    results = pa.stream(pa.Task("nobody", "Go."), home=tmp_path)

    with pytest.raises(UnknownAgent):
        next(iter(results))


async def test_a_caller_that_gives_up_waits_for_no_call(tmp_path: Path) -> None:
    never = SlowOne()
    given = pa.stream(tasks(("slow",)), model="scripted/m", **options(tmp_path, never))

    async def read() -> None:
        async for _ in given:
            pass

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(read(), timeout=1)

    never.is_awaited.set()
    assert never.calls == 1


def items() -> Iterator[str]:
    yield "No log-in"
    yield "Dark theme"


def test_a_small_map_has_the_results_in_the_order_of_the_items(tmp_path: Path) -> None:
    model = RepliesWith(lambda request: f'{{"kind": "{request.messages[-1].text[:4]}"}}')

    texts = pa.map(SORTER, items(), model="scripted/m", **options(tmp_path, model))
    given = pa.map(
        SORTER, [{"a": 1}], text="Sort it", model="scripted/m", **options(tmp_path, model)
    )

    assert [result.output.kind for result in texts] == ["No l", "Dark"]
    assert given[0].output.kind == "Sort"
    assert pa.map(SORTER, [], home=tmp_path) == []


def endless() -> Iterator[str]:
    while True:
        yield "x"


def test_a_small_map_of_too_much_is_refused_before_anything_is_stored(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="more than 1,000 items") as refused:
        pa.map(WRITER, endless(), home=tmp_path)

    assert "map_rows" in refused.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("kind", "is_shown"), [(TerminalStream, True), (io.StringIO, False)])
def test_progress_is_shown_to_people_and_never_to_a_pipe(
    kind: type[io.StringIO], is_shown: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", err := kind())
    model = RepliesWith(lambda _: "Done.")

    team = pa.run(tasks(), model="scripted/m", progress=True, **options(tmp_path, model))

    assert team.is_done
    assert ("3/3" in err.getvalue()) is is_shown


async def verses(flow: pa.Flow) -> str:
    done = [await flow.task(name, pa.Task("writer", name)) for name in ("a", "b")]
    return " ".join(str(each.output) for each in done)


def test_progress_counts_the_steps_of_a_flow_and_the_rows_of_a_map(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", err := TerminalStream())
    given = options(tmp_path, RepliesWith(lambda _: "Done.", capabilities=pa.Capabilities()))
    models = given.get("models")
    rows = [{"n": n} for n in range(3)]

    flow = pa.run_flow(
        verses, model="scripted/m", progress=True, home=tmp_path, agents=[WRITER], models=models
    )
    found = pa.map_rows(WRITER, rows, text="{n}", model="scripted/m", progress=True, **given)

    assert flow.is_done
    assert "2/2" in err.getvalue()
    assert "3/3\x1b[0m cost unknown" in err.getvalue()
    assert (
        repr(found) == f"MapResult({found.key!r}, done, 3 rows: 3 done, -, out={str(found.out)!r})"
    )
