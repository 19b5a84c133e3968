"""The head of the live terminal: a bar that adds up, and a terminal that is not wide goes without."""

from __future__ import annotations

from dataclasses import replace

from parallel_agents.core.run import RunStatus
from parallel_agents.surfaces.cli.top_head import head, state_bar
from parallel_agents.surfaces.cli.top_seen import Seen
from tests.unit.surfaces.cli.test_top_rows import team
from tests.unit.views.test_card import line


def test_each_state_has_its_share_of_the_bar_and_what_failed_stands_last() -> None:
    assert state_bar(team()) == "███▓▓▓▓▓▓▓▓▓▓▓▓✖ 2/10"


def test_one_failure_of_a_thousand_is_seen_and_the_bar_stays_as_long() -> None:
    top = replace(line("team", RunStatus.RUNNING), counts={"done": 998, "failed": 1, "queued": 1})

    assert state_bar(Seen(tops=[top])) == "██████████████░✖ 998/1,000"


def test_a_narrow_head_and_an_empty_one_have_no_bar() -> None:
    assert "█" in head(team(), 100)
    assert "█" not in head(team(), 80)
    assert state_bar(Seen()) == ""
