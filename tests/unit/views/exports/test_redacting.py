"""Redacting: nothing that was written goes out, and what happened does."""

from __future__ import annotations

import orjson
import pytest

from parallel_agents.views.exports.redacting import REMOVED
from parallel_agents.views.exports.tree import ExportForm
from parallel_agents.views.exports.writing import described
from tests.unit.views.exports.sample import exported

# Of the tasks, the labels, the answers, the gate, the file and the key of the team.
WRITTEN = (
    "HYPERLINK",
    "alert(1)",
    "hush",
    "[redacted:",
    "=1+",
    "len(text)",
    ".txt",
    "team:x",
)


@pytest.mark.parametrize("form", [*ExportForm])
async def test_no_form_has_what_was_written(form: ExportForm) -> None:
    text, export = await exported(form, is_redacted=True)

    assert [each for each in WRITTEN if each in text] == []
    assert "writer" in text
    assert described(export.exported).endswith(f"; {REMOVED}")


async def test_sessions_are_numbered_and_keep_their_places_codes_and_costs() -> None:
    text, _ = await exported(ExportForm.JSON, is_redacted=True)
    team, writer, checked = orjson.loads(text)["items"]

    assert [each["session_key"] for each in (team, writer, checked)] == [
        *("session:1", "session:2", "session:3"),
    ]
    assert writer["parent"] == checked["parent"] == "session:1"
    assert checked["result"]["error"]["code"] == "PA-E310"
    assert writer["result"]["attempts"] == 1
    kinds = [each["event"]["kind"] for each in writer["events"]]
    assert kinds[0] == "queued"
    assert {"replied", "finished"} <= set(kinds)
    assert all(each["session_key"] == "session:2" for each in writer["events"])
