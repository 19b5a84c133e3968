"""Pins of the live terminal: a digit leads back to its session, and is taken off where it leads to."""

from __future__ import annotations

from parallel_agents.core.ids import SessionKey
from parallel_agents.surfaces.cli.top_columns import Item
from parallel_agents.surfaces.cli.top_pins import Pins

HERE, THERE = SessionKey("here"), SessionKey("there")


def test_a_digit_is_given_leads_back_and_is_taken_off() -> None:
    pins = Pins()

    assert pins.press("1", None) == (None, "no session is selected")
    assert pins.press("1", HERE)[0] is None
    assert pins.press("1", THERE) == (HERE, "")
    assert pins.press("1", HERE) == (None, "1 is free again")
    assert pins.press("1", THERE)[0] is None


def test_only_the_row_of_the_session_has_the_digit() -> None:
    pins = Pins()
    pins.press("7", HERE)
    rows = [
        Item("here", ("▶ ", "here", "", "", ""), HERE),
        Item("here/rest", ("   ", "2 done", "", "", ""), HERE),
        Item("note", ("", "note", "", "", "")),
    ]

    assert [item.cells[0] for item in pins.shown(rows)] == ["▶ 7 ", "   ", ""]
