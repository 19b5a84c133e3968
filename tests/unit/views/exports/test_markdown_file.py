"""The Markdown file: no text of a model leaves its block."""

from __future__ import annotations

from parallel_agents.views.exports.tree import ExportForm
from tests.unit.views.exports.sample import exported


async def test_hostile_text_stays_in_its_block() -> None:
    document, _ = await exported(ExportForm.MD)

    outside, fence = list[str](), ""
    for line in document.split("\n"):
        mark = line[: len(line) - len(line.lstrip("`"))]
        if fence:
            fence = "" if line == fence else fence
        elif len(mark) > 2:
            fence = mark
        else:
            outside.append(line)

    assert fence == ""
    assert not any("<script" in line.replace("\\<", "") for line in outside)
    assert "hush" not in document


async def test_each_session_has_a_row_and_a_part() -> None:
    document, _ = await exported(ExportForm.MD, has_transcripts=False)

    assert document.count("\n## ") == 2 + 3
    assert "Task: " not in document
    assert "It failed: PA-E3" in document
