"""A dry run prints what work would cost, also where there is nothing to do."""

from __future__ import annotations

import pytest

from parallel_agents.core.bound import Bound
from parallel_agents.core.budget import NO_BUDGET
from parallel_agents.core.usage import Spend
from parallel_agents.surfaces.cli.dry_run import print_work_price
from parallel_agents.surfaces.work_price import WorkPrice
from parallel_agents.views.estimates import Estimate


def test_an_empty_list_has_no_items_and_costs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    empty = Estimate(
        label="posts.each", agent="main", model="m/one", tasks=0, most_tasks=0, first=Spend()
    )

    print_work_price(WorkPrice((empty,), NO_BUDGET, Bound.of(NO_BUDGET)), is_json=False)
    lines = capsys.readouterr().out.splitlines()

    assert lines[1].split("  ")[1:2] == ["0 items"]
    assert "$0" in lines[1]
    assert " - " not in lines[1]
    assert lines[2] == "worst case   $0, as there is nothing to do"
