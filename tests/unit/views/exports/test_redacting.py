"""Redacting: nothing that was written goes out, and what happened does."""

from __future__ import annotations

from dataclasses import fields

import orjson
import pytest
from typing_extensions import override

from parallel_agents.views.exports.redacting import REMOVED, redacted
from parallel_agents.views.exports.tree import ExportForm, Tree
from parallel_agents.views.exports.writing import described
from parallel_agents.views.frames import Frame, Frames, Span, SpanKind
from tests.unit.views.exports.sample import exported, opened

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


class Calling(Tree):
    """A tree whose sessions call a tool, and what a model took for one."""

    @override
    async def frames(self) -> Frames:
        spans = [Span(SpanKind.TOOL, 1.0, 2.0, "read"), Span(SpanKind.TOOL, 2.0, 3.0, "Ann Lee")]
        frame = Frame(label="x", began_at=1.0, last_at=3.0, spans=spans, executed={"read"})
        return Frames({self.top.row.session.key: frame})


async def test_the_name_of_a_tool_stays_only_if_there_is_such_a_tool() -> None:
    async with opened() as tree:
        calling = Calling(**{each.name: getattr(tree, each.name) for each in fields(tree)})
        (frame,) = (await redacted(calling).frames()).frames

    assert [span.what for span in frame.spans] == ["read", ""]
