"""Alerts of the live terminal: each is told once, and carries nothing that drives a terminal."""

from __future__ import annotations

from dataclasses import replace

from parallel_agents.core.run import RunStatus
from parallel_agents.surfaces.cli.top_alerts import Alerts, notification
from parallel_agents.surfaces.cli.top_seen import Seen
from tests.unit.surfaces.cli.test_top_rows import team
from tests.unit.views.test_card import line


def failed(label: str) -> Seen:
    found = line(label, RunStatus.FAILED)
    run = replace(found.row.run, error_code="PA-E301")
    return Seen(tops=[replace(found, row=replace(found.row, run=run))])


def test_what_was_there_at_the_start_is_not_told_and_what_is_new_is_told_once() -> None:
    alerts = Alerts()

    assert alerts.of(team()) == []
    assert alerts.of(failed("bad")) == ["✖ bad PA-E301"]
    assert alerts.of(failed("bad")) == []


def test_a_notification_is_one_sequence_whatever_a_label_says() -> None:
    alerts = Alerts()
    alerts.of(Seen())

    told = notification(alerts.of(failed("a\x1b]0;evil\x07\nb")))

    assert told.startswith("\x1b]9;pagents: ✖ a")
    assert told.count("\x1b") == told.count("\x07") == 1
    assert told.endswith("\x07")
