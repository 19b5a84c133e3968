"""Writing: what goes out is counted as it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from parallel_agents.views.exports.tree import ExportForm, Tree
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


def changed(tree: Tree) -> Tree:
    """The same after its first task was tried again, and its second is no longer wanted."""
    top, tried, removed = tree.lines
    lines = [top, replace(tried, is_former=True), replace(removed, is_uncounted=True)]
    return replace(tree, lines=lines)


@pytest.mark.parametrize(
    ("form", "marks"),
    [
        (ExportForm.CSV, (",done,true,false,", ",failed,true,true,")),
        *(
            (
                form,
                (
                    '"is_former_try":true,"is_uncounted":false',
                    '"is_former_try":true,"is_uncounted":true',
                ),
            )
            for form in (ExportForm.JSON, ExportForm.JSONL)
        ),
        *(
            (form, ("done, tried again", "failed, no longer counts"))
            for form in (ExportForm.MD, ExportForm.HTML)
        ),
        (ExportForm.TRACE, (', tried again"', ', no longer counts"')),
    ],
)
@pytest.mark.parametrize("is_redacted", [False, True])
async def test_what_no_longer_counts_is_marked_in_every_form(
    form: ExportForm, marks: Sequence[str], *, is_redacted: bool
) -> None:
    plain, _ = await exported(form, is_redacted=is_redacted)
    text, _ = await exported(form, is_redacted=is_redacted, seen=changed)

    assert [mark in plain for mark in marks] == [False, False]
    assert [mark in text for mark in marks] == [True, True]


@pytest.mark.parametrize("form", [*ExportForm])
async def test_no_form_turns_the_order_of_letters_round(form: ExportForm) -> None:
    text, _ = await exported(form)

    assert "\u202e" not in text
