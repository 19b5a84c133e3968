"""For what a step is done, as its run and its price see it alike."""

from __future__ import annotations

import pytest

from parallel_agents.core.plan import MOST_ITEMS, Step
from parallel_agents.core.plan_items import copies_of
from parallel_agents.core.schema import Json
from parallel_agents.errors import InvalidInput

EACH = Step(id="each", agent="writer", text="${item}", for_each="${names}")


@pytest.mark.parametrize(("names", "number"), [(["a", "b"], 2), ([], 0), (None, 0)])
def test_a_step_is_done_for_each_item_of_its_list(names: Json, number: int) -> None:
    found = copies_of(EACH, {"names": names}, MOST_ITEMS)

    assert (found.number, found.most, len(found.values)) == (number, number, number)


@pytest.mark.parametrize(
    ("names", "told"), [("a", "is not a list"), ([0] * (MOST_ITEMS + 1), "1,001 items")]
)
def test_what_is_no_list_or_too_long_is_refused(names: Json, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        copies_of(EACH, {"names": names}, MOST_ITEMS)
