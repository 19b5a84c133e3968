"""Rows of one machine are done by another one, once, and their results come back."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
import pytest

import parallel_agents as pa
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import make_flow_key
from parallel_agents.core.run import RunStatus
from parallel_agents.errors import Conflict, InvalidInput, NotAtDistance, OnlyReads, UnknownAgent

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.gateway.conftest import Served, Serving

MAP = make_flow_key("map", "m")
ROWS = [{"n": number, "t": f"Tea {number}"} for number in range(3)]
ASKED: dict[str, Any] = {"text": "Say {t}", "key": "m", "model": "sim/calm"}


async def test_rows_are_done_there_once_and_their_results_are_here(
    serving: Serving, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("Content")
    rows: list[Any] = [*ROWS, {"n": 3, "t": str(tmp_path / "a.txt")}]
    out = tmp_path / "out.jsonl"
    async with serving() as served, served.worker(), _connected(served) as sessions:
        served.add_greeter()
        first = await sessions.map_rows("greeter", rows[:3], **ASKED, out=out)
        lines = out.read_bytes()
        again = await sessions.map_rows("greeter", rows[:3], **ASKED, out=out)
        with pytest.raises(Conflict):
            await sessions.map_rows("greeter", rows, **{**ASKED, "text": "{n}"}, out=out)
        contents = {**ASKED, "text": "@{t}", "key": "files"}
        files = await sessions.map_rows("greeter", rows[3:], **contents, out=tmp_path / "f.csv")
        asked = (await sessions.history((await sessions.list())[0].session.key))[0].body

    assert (first.status, first.counts) == (RunStatus.DONE, {RunStatus.DONE: 3})
    assert [(row.row, row.columns) for row in first.results()] == [
        (number, row) for number, row in enumerate(rows[:3], start=1)
    ]
    assert (again.is_done, out.read_bytes()) == (True, lines)
    assert files.is_done
    assert (tmp_path / "f.csv").read_text().splitlines()[0] == "n,t,status,output,error"
    assert getattr(asked, "text", "") == "Content"
    assert [each.name for each in (served.environment.home / "maps" / "m.map").iterdir()] != []


async def test_a_file_is_known_there_by_its_content_however_its_path_is_written(
    serving: Serving, tmp_path: Path
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "a.txt").write_text("Content")
    (tmp_path / "link").symlink_to("here")
    asked: dict[str, Any] = {"text": "Look at {path}: @{path}", "key": "f", "model": "sim/calm"}
    out, counts = tmp_path / "out.jsonl", list[int]()
    async with serving() as served, served.worker(), _connected(served) as sessions:
        served.add_greeter()
        for folder, content in (("here", "Content"), ("link", "Content"), ("link", "Other")):
            (tmp_path / "here" / "a.txt").write_text(content)
            files = f"{tmp_path / folder}/*.txt"
            found = await sessions.map_rows("greeter", files, **asked, out=out)
            counts.append(len(await sessions.list()))

    assert counts == [2, 2, 3]
    assert [row.columns for row in found.results()] == [{"path": f"{tmp_path}/link/a.txt"}]


async def test_who_sends_a_map_is_told_what_to_know_of_it_before(serving: Serving) -> None:
    body = {"agent": "greeter", "text": "Say {t}", "model": "sim/calm", "key": "n"}
    async with serving() as served, served.worker():
        served.add_greeter()
        _, begun = await served.post("/maps", {**body, "rows": ROWS})
        await served.get(f"/wait?names={begun['session_key']}&timeout=60")
        _, continued = await served.post("/maps", {**body, "rows": [*ROWS, {"t": "Milk"}]})
        await served.get(f"/wait?names={begun['session_key']}&timeout=60")
        _, price = await served.post("/price/map", {**body, "rows": [{"t": "Coffee"}]})
        _, again = await served.post("/maps", {**body, "rows": [{"t": "Coffee"}]})
        await served.get(f"/wait?names={begun['session_key']}&timeout=60")
        _, back = await served.post("/maps", {**body, "rows": ROWS})

    assert (begun["notes"], begun["done_before"], continued["done_before"]) == ([], 0, 3)
    assert (price["notes_on_rows"], len(again["notes"])) == (again["notes"], 1)
    assert (back["notes"], back["done_before"]) == ([], 3)
    assert again["notes"][0].startswith("none of the 4 rows that were done before is among")


@pytest.mark.parametrize("is_at_work", [True, False])
async def test_each_who_asks_there_at_once_gets_the_answers_to_its_own_rows(
    serving: Serving, tmp_path: Path, is_at_work: bool
) -> None:
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    async with serving() as served, _connected(served) as sessions:
        served.add_greeter()
        first = asyncio.create_task(sessions.map_rows("greeter", ROWS[:2], **ASKED, out=one))
        before = await _latest_run(sessions, "")
        async with AsyncExitStack() as stack:
            if is_at_work:
                await stack.enter_async_context(served.worker())
            second = asyncio.create_task(sessions.map_rows("greeter", ROWS[1:], **ASKED, out=other))
            if not is_at_work:
                await _latest_run(sessions, before)
                await stack.enter_async_context(served.worker())
            both = await asyncio.gather(first, second)
        calls = await sessions.list(Filter(tree=MAP))

    assert [each.counts for each in both] == [{RunStatus.DONE: 2}] * 2
    assert [row.columns for row in both[0].results()] == ROWS[:2]
    assert [row.columns for row in both[1].results()] == ROWS[1:]
    assert len(calls) == 4


async def test_what_cannot_be_done_is_refused_and_nothing_is_left(
    serving: Serving, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.jsonl"
    mine.write_text("precious\n")
    async with serving() as served, _connected(served) as sessions:
        served.add_greeter()
        with pytest.raises(InvalidInput, match="is not known to be of the map m"):
            await sessions.map_rows("greeter", ROWS, **ASKED, out=mine)
        with pytest.raises(InvalidInput, match="no column 'x'"):
            await sessions.map_rows("greeter", ROWS, **{**ASKED, "text": "{x}"})
        with pytest.raises(UnknownAgent):
            await sessions.map_rows("../x", ROWS, **ASKED)
        with pytest.raises(InvalidInput, match="there are no rows"):
            await sessions.map_rows("greeter", [], **ASKED)
        gate = pa.CommandGate(command=("id",))
        with pytest.raises(NotAtDistance):
            await sessions.map_rows("greeter", ROWS, **ASKED, row_gates=[gate])
        with pytest.raises(InvalidInput, match="rows"):
            await sessions.map_rows("greeter", 5, **ASKED)
        with pytest.raises(InvalidInput) as wrong_size:
            await sessions.batch("greeter", ["tea"], size=0)
        assert "100" in wrong_size.value.why
        left = [*(served.environment.home / "maps").rglob("*.*ows")]
        rows = await sessions.list()

    assert (mine.read_text(), left, rows) == ("precious\n", [], [])


async def test_other_programs_send_few_rows_at_once_or_many_in_parts(serving: Serving) -> None:
    lines = "".join(f"{orjson.dumps(row).decode()}\n" for row in ROWS)
    body = {"agent": "greeter", "text": "Say {t}", "model": "sim/calm"}
    part = {"upload": "0" * 8, "first": 0, "lines": lines}
    sent = {"upload": "0" * 8, "sha256": sha256(lines.encode()).hexdigest()}
    async with serving() as served, served.worker():
        served.add_greeter()
        _, price = await served.post("/price/map", {**body, "rows": ROWS})
        _, kept = await served.post("/maps/big/rows", part)
        status, begun = await served.post("/maps", {**body, **sent, "key": "big"})
        _, dear = await served.post("/price/map", {**body, **sent, "key": "big"})
        _, other = await served.post("/maps", {**body, **sent, "key": "big", "text": "Is {t}?"})
        _, again = await served.post("/maps", {**body, **sent, "key": "big"})
        found, after = "", 0
        while True:
            _, page = await served.get(f"/maps/big/results?after={after}&wait=20")
            found, after = found + page["text"], page["after"]
            if page["is_over"]:
                break
        _, wrong = await served.post("/maps", {**body, "key": "x"})
        theirs = [{"t": str(served.environment.home / "gateway-token")}]
        _, read = await served.post("/maps", {**body, "text": "Say @{t}", "rows": theirs})
        inputs = {**body, "inputs": {"a": "@{t}"}, "rows": theirs}
        _, read_too = await served.post("/price/map", inputs)
        reads = {"Authorization": f"Bearer {served.tokens.read}"}
        refused, _ = await served.post("/maps", {**body, "rows": ROWS}, **reads)

    assert (price["rows"], price["calls"], price["first"]["text"]) == (3, 3, "Say Tea 0")
    assert (kept, status, begun["rows"], begun["is_new"]) == ({"bytes": len(lines)}, 200, 3, True)
    assert (dear["rows"], other["code"]) == (3, "PA-E106")
    assert (again["session_key"], again["has_rows"]) == (begun["session_key"], True)
    assert [orjson.loads(line)["columns"] for line in found.splitlines()] == ROWS
    assert (wrong["code"], refused) == ("PA-E101", 403)
    assert (read["code"], read_too["code"]) == ("PA-E394", "PA-E394")


async def test_items_pools_state_and_prompts_are_as_on_an_open_store(serving: Serving) -> None:
    async with serving() as served, served.worker(), _connected(served) as sessions:
        served.add_greeter()
        results = await sessions.map("greeter", ["Tea", {"a": 1}], key="i", model="sim/calm")
        again = await sessions.map("greeter", ["Tea", {"a": 1}], key="i", model="sim/calm")
        pool = sessions.pool("greeter", name="p", size=1, model="sim/calm")
        one, same = await pool.run("One", key="k"), await pool.run("One", key="k")
        two = await pool.run("Two")
        sent = await sessions.prompts(two.session_key)
        expected = await served.gateway.client.sent.of(two.session_key)
        state = await sessions.state(two.session_key)
        written = [await state.set("plan", {"a": 1}), await state.append("log", 1)]
        missed = await state.compare_and_set("plan", 2, version=7)
        gone = [await state.delete("plan"), await state.clear()]
        shared = await sessions.artifacts(two.session_key)
        artifact = await shared.put("Notes", "notes.md")
        content, removal = await shared.read(artifact), await shared.delete(artifact)
        _, audit = await served.get("/audit")

    assert [each.status for each in results] == [RunStatus.DONE] * 2
    assert [each.run_id for each in again] == [each.run_id for each in results]
    assert (one.run_id, one.session_key) == (same.run_id, two.session_key)
    assert [replace(each.request, payer=None) for each in sent] == [
        replace(each.request, payer=None, **_left_out(each.request)) for each in expected
    ]
    assert [(each.run, each.body) for each in sent] == [(each.run, each.body) for each in expected]
    assert [each.version for each in written] == [1, 1]
    assert (missed.is_written, missed.entry and missed.entry.value) == (False, {"a": 1})
    assert (gone[0], gone[1]) == ((True, 1, None), (1, 3))
    assert (content, removal) == (b"Notes", (1, 5))
    assert {each["who"] for each in audit["items"] if each["what"] == "remove"} == {
        "ana by gateway (operate token, 127.0.0.1)"
    }


async def test_a_token_that_only_reads_changes_nothing_that_is_shared(serving: Serving) -> None:
    async with serving() as served, served.worker():
        served.add_greeter()
        async with _connected(served) as sessions:
            key = (await sessions.spawn(pa.Task("greeter", "Tea", model="sim/calm"))).key
        async with pa.connect(served.url, token=served.tokens.read) as reads:
            state = await reads.state(key)
            with pytest.raises(OnlyReads):
                await state.set("a", 1)
            with pytest.raises(OnlyReads):
                await reads.workspaces.clean(everything=True)
            with pytest.raises(OnlyReads):
                await reads.pool("greeter", name="p").run("Tea")
            entries = await state.entries()

    assert list(entries) == []


def _left_out(request: Any) -> dict[str, Any]:
    """What of a request does not cross the network: how it is called, and not what is said."""
    plain = type(request)(messages=())
    names = ("timeout_seconds", "cache_seconds", "has_next", "team", "counted", "counted_tokens")
    return {name: getattr(plain, name) for name in (*names, "learned", "files")}


def _connected(served: Served) -> Any:
    return pa.connect(served.url, token=served.tokens.operate)


async def _latest_run(sessions: pa.ConnectedSessions, before: str) -> str:
    """The latest run of the map, once it is not the one before."""
    async with asyncio.timeout(30):
        while True:
            rows = await sessions.list(Filter(session=MAP))
            if rows and rows[0].run.id != before:
                return rows[0].run.id
            await asyncio.sleep(0.01)
