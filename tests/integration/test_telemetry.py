"""What the journal has arrives at a collector once, whatever dies meanwhile, and no run waits for it."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.message import Message, Role, ToolCall
from parallel_agents.core.model import Finish, ModelReply
from parallel_agents.core.store_care import Retention
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.usage import Usage
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.telemetry.exporter import Exporter
from parallel_agents.telemetry.options import CONTENT_VARIABLE, read_options
from parallel_agents.telemetry.place import FOLDER_NAME, read_place
from parallel_agents.testing import ScriptedModel, open_rig
from parallel_agents.tools.function import tool
from tests.integration.telemetry_collector import Collector, collecting

SECRET = "what was said"
AGENT = Agent(name="a", description="A", instructions="A.", tools=("look",))
CALL = ModelReply(
    message=Message(Role.ASSISTANT, (ToolCall("1", "look", {"where": SECRET}),)),
    model="m",
    finish=Finish.TOOLS,
    usage=Usage(10, 2, cache_read_tokens=5),
)


@tool
def look(where: str) -> str:
    """Look somewhere."""
    return where


def exporter(store: MemoryStore, home: Path, url: str, **variables: str) -> Exporter:
    options = read_options({"OTEL_EXPORTER_OTLP_ENDPOINT": url, **variables})
    assert options is not None
    return Exporter(store, home, options, None)


async def work(store: MemoryStore, *replies: ModelReply | str | Exception, tasks: int = 1) -> None:
    """Execute a team of so many tasks."""
    async with open_rig(
        ScriptedModel([*replies]), agents=[AGENT], tools=[look], store=store
    ) as rig:
        given = tuple(Task("a", f"work {n}", key=str(n)) for n in range(tasks))
        await (await rig.sessions.spawn_team(TeamTask(tasks=given))).wait()


async def test_runs_calls_and_tools_are_spans_of_one_trace(tmp_path: Path) -> None:
    store = MemoryStore()
    async with collecting() as collector:
        exports = exporter(store, tmp_path, collector.url, OTEL_EXPORTER_OTLP_COMPRESSION="gzip")
        await exports.begin()
        await work(store, CALL, SECRET)
        await exports.sweep()

    by_id = {span.span_id: span for span in collector.spans}
    parents = {span.name: span.parent_span_id for span in collector.spans}
    named = [collector.attributes(name) for name in ("chat", "execute_tool", "invoke_agent")]
    assert len({span.trace_id for span in collector.spans}) == 1
    assert by_id[parents["execute_tool look"]].name == "invoke_agent a"
    assert by_id[parents["invoke_agent a"]].name.startswith("invoke_workflow")
    assert collector.attributes("chat")["gen_ai.usage.input_tokens"] == 15
    assert collector.attributes("execute_tool")["gen_ai.tool.name"] == "look"
    assert {names["pagents.session.label"] for names in named} == {"a"}
    assert {names["pagents.session.path"] for names in named} == {("a",)}
    assert collector.counts["gen_ai.client.operation.duration"] == 2
    assert collector.counts["gen_ai.execute_tool.duration"] == 1
    assert collector.resources[0]["service.name"] == "pagents"
    assert SECRET not in str(collector.spans)


async def test_content_is_exported_if_it_is_asked_for(tmp_path: Path) -> None:
    store = MemoryStore()
    async with collecting() as collector:
        exports = exporter(store, tmp_path, collector.url, **{CONTENT_VARIABLE: "span_only"})
        await exports.begin()
        await work(store, CALL, SECRET)
        await exports.sweep()

    assert SECRET in str(collector.attributes("execute_tool")["gen_ai.tool.call.result"])
    assert SECRET in str(collector.attributes("invoke_agent")["gen_ai.output.messages"])


async def test_a_failed_run_is_an_error_with_its_code(tmp_path: Path) -> None:
    store = MemoryStore()
    async with collecting() as collector:
        exports = exporter(store, tmp_path, collector.url)
        await exports.begin()
        await work(store, ValueError("a bug of the model"))
        await exports.sweep()

    assert str(collector.attributes("invoke_agent")["error.type"]).startswith("PA-E")


async def test_what_was_before_the_first_export_is_not_exported(tmp_path: Path) -> None:
    store = MemoryStore()
    await work(store, "before")
    async with collecting() as collector:
        exports = exporter(store, tmp_path, collector.url)
        await exports.begin()
        await exports.sweep()

    assert collector.spans == []


@pytest.mark.parametrize("taken", [0, 1])
async def test_a_crash_after_the_collector_has_taken_it_counts_nothing_twice(
    tmp_path: Path, taken: int
) -> None:
    """It breaks off after the spans have arrived, or after the metrics have, before that is noted."""
    store = MemoryStore()
    async with collecting() as collector:
        first = exporter(store, tmp_path, collector.url)
        await first.begin()
        await work(store, *["done"] * 3, tasks=3)
        collector.dies_after = taken
        await first.sweep()
        place = read_place(tmp_path / FOLDER_NAME)
        assert place is not None
        assert place.series == []
        collector.dies_after = None
        await exporter(store, tmp_path, collector.url).sweep()

    assert set(collector.ids.values()) == {2}  # the same ids, which a collector's store has once
    assert len(collector.ids) == 7
    assert collector.counts["gen_ai.invoke_agent.duration"] == 3


async def test_what_a_dead_collector_missed_is_sent_once_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryStore()
    async with collecting() as collector:
        collector.status = 503
        exports = exporter(store, tmp_path, collector.url)
        await exports.begin()
        with caplog.at_level(logging.WARNING):
            for number in range(3):
                await work(store, f"answer {number}")
                await exports.sweep()
        assert len(collector.headers) == 1  # it is left alone for a while
        collector.status = 200
        await exporter(store, tmp_path, collector.url).sweep()

    assert len(caplog.records) == 1
    assert len([span for span in collector.spans if span.name == "invoke_agent a"]) == 3


async def test_what_a_collector_refuses_for_good_is_said_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryStore()
    async with collecting() as collector:
        collector.status = 400
        exports = exporter(store, tmp_path, collector.url)
        await exports.begin()
        await work(store, "one")
        await exports.sweep()
        collector.status = 200
        await work(store, "two")
        await exports.sweep()

    assert "traces were refused" in caplog.text
    assert len([span for span in collector.spans if span.name == "invoke_agent a"]) == 1
    assert collector.counts["gen_ai.invoke_agent.duration"] == 2


async def test_a_collector_that_hangs_delays_the_end_of_a_process_by_a_second(
    tmp_path: Path,
) -> None:
    store = MemoryStore()
    async with collecting() as collector:
        collector.hangs = True
        exports = exporter(store, tmp_path, collector.url)
        await exports.begin()
        await work(store, "done")
        async with asyncio.timeout(5):
            await exports.say_farewell()
            await exports.say_farewell()

    assert len(collector.headers) == 1


async def test_two_processes_export_each_event_once(tmp_path: Path) -> None:
    store = MemoryStore()
    async with collecting() as collector:
        here, there = (exporter(store, tmp_path, collector.url) for _ in range(2))
        await here.begin()
        await there.begin()
        await work(store, *["done"] * 5, tasks=5)
        await asyncio.gather(here.sweep(), there.sweep())
        await there.sweep()

    assert set(collector.ids.values()) == {1}


async def test_a_store_from_a_backup_is_exported_from_its_end_on(tmp_path: Path) -> None:
    async with collecting() as collector:
        newer = MemoryStore()
        exports = exporter(newer, tmp_path, collector.url)
        await exports.begin()
        await work(newer, *["done"] * 5, tasks=5)
        await exports.sweep()
        older = MemoryStore()
        again = exporter(older, tmp_path, collector.url)
        await again.sweep()
        await work(older, "anew")
        await again.sweep()

    assert _runs(collector) == 6


async def test_a_store_whose_last_events_were_pruned_is_exported_further(tmp_path: Path) -> None:
    store = MemoryStore()
    async with collecting() as collector:
        exports = exporter(store, tmp_path, collector.url)
        await exports.begin()
        await work(store, "done")
        await exports.sweep()
        before = read_place(tmp_path / FOLDER_NAME)
        trees = [tree.key for tree in (await store.plan_pruning(Retention(older_than=0))).trees]
        await store.prune_step(trees, by="ana", why="test")
        await exports.sweep()
        after = read_place(tmp_path / FOLDER_NAME)
        await work(store, "anew")
        await exports.sweep()

    assert trees
    assert after == before
    assert _runs(collector) == 2


async def test_an_answer_that_says_nothing_of_the_protocol_is_said_and_sent_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryStore()
    async with collecting() as collector:
        collector.says = b"<html>welcome</html>"
        exports = exporter(store, tmp_path, collector.url)
        await exports.begin()
        await work(store, "done")
        await exports.sweep()
        await exports.sweep()

    assert _runs(collector) == 1
    assert "its answer cannot be read" in caplog.text


def _runs(collector: Collector) -> int:
    return len([span for span in collector.spans if span.name == "invoke_agent a"])
