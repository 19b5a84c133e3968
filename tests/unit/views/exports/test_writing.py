"""Writing: what goes out is counted as it is made."""

from __future__ import annotations

import pytest

from parallel_agents.views.exports.tree import ExportForm
from parallel_agents.views.exports.writing import described
from tests.unit.views.exports.sample import exported


@pytest.mark.parametrize("form", [each for each in ExportForm if each is not ExportForm.TRACE])
async def test_what_goes_out_is_told(form: ExportForm) -> None:
    text, export = await exported(form)

    found = export.exported

    assert (found.sessions, found.files, found.left_out) == (3, 1, 0)
    assert found.transcripts == (0 if form is ExportForm.CSV else 3)
    assert found.redacted == text.count("[redacted:") > 0
    assert found.bytes == len(text.encode())


async def test_it_is_told_in_one_line() -> None:
    _, export = await exported(ExportForm.CSV)

    assert described(export.exported).startswith("3 sessions, 0 transcripts, 1 file by name, ")


@pytest.mark.parametrize("form", [*ExportForm])
async def test_no_form_turns_the_order_of_letters_round(form: ExportForm) -> None:
    text, _ = await exported(form)

    assert "\u202e" not in text
