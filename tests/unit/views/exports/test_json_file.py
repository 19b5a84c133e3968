"""JSON file: one document that can be read, and a trace with a lane for each session."""

from __future__ import annotations

import orjson
import pytest

from parallel_agents.views.exports.tree import ExportForm
from tests.unit.views.exports.sample import exported


@pytest.mark.parametrize("has_transcripts", [True, False])
async def test_each_session_has_its_result_and_its_events(*, has_transcripts: bool) -> None:
    text, _ = await exported(ExportForm.JSON, has_transcripts=has_transcripts)
    found = orjson.loads(text)

    assert found["schema"] == "pagents.export/1"
    assert found["sessions"] == len(found["items"]) == 3
    assert all(item["result"]["status"] for item in found["items"])
    assert {bool(item["events"]) for item in found["items"]} == {has_transcripts}
    assert "hush" not in text


async def test_a_trace_has_a_named_lane_for_each_session() -> None:
    text, _ = await exported(ExportForm.TRACE)
    events = orjson.loads(text)["traceEvents"]

    names = [each["args"]["name"] for each in events if each["name"] == "thread_name"]
    assert len(names) == len(set(names)) == 3
    assert {each["tid"] for each in events} == {1, 2, 3}
    assert all(each["ts"] >= 0 for each in events if "ts" in each)
