"""A flow has a task done for each row, and knows the rows again."""

from __future__ import annotations

import pytest

from parallel_agents.errors import InvalidInput
from parallel_agents.flows.flow import Flow
from parallel_agents.flows.mapping import mapped
from tests.unit.flows.parts import Writer, lasting_store, process, run, write


async def test_a_task_is_done_for_each_row_in_order() -> None:
    async def flow_over_rows(flow: Flow) -> list[str]:
        rows = [{"fruit": "apples"}, {"fruit": "pears"}]
        return (await flow.map(write("About {fruit}"), rows)).outputs

    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        first = await run(rig, flow_over_rows)
    async with process(writer, store) as rig:
        second = await run(rig, flow_over_rows)

    assert first.output == ["About apples is done", "About pears is done"]
    assert second.output == first.output
    assert len(writer.calls) == 2


def test_rows_are_known_by_a_column_or_by_what_is_asked() -> None:
    task = write("About {fruit}", input={"n": "{n}", "fixed": 3})

    by_column = mapped("map", task, [{"fruit": "a", "n": 1}, {"fruit": "b", "n": None}], "fruit")
    by_content = mapped("map", task, [{"fruit": "a", "n": 1}] * 2, None)

    assert [each.key for each in by_column] == ["a", "b"]
    assert [each.values for each in by_column] == [{"n": 1, "fixed": 3}, {"n": None, "fixed": 3}]
    assert by_content[1].key == f"{by_content[0].key}~2"


def test_rows_without_a_column_or_with_one_key_are_refused() -> None:
    with pytest.raises(InvalidInput, match="row 2 of the step map has no column 'fruit'"):
        mapped("map", write("{fruit}"), [{"fruit": "a"}, {"friut": "b"}], None)
    with pytest.raises(InvalidInput, match="has the key 'a' of an earlier one"):
        mapped("map", write("{fruit}"), [{"fruit": "a"}, {"fruit": "a"}], "fruit")
