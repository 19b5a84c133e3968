"""Attention: who needs a person comes first, and nothing jumps within a group."""

from __future__ import annotations

from dataclasses import replace

from parallel_agents.core.attention import Attention
from parallel_agents.core.run import RunStatus
from parallel_agents.views.attention import FixedOrder, Group, arranged, group_of
from tests.unit.views.test_card import line


def test_what_a_session_needs_of_a_person() -> None:
    running = line("a", RunStatus.RUNNING)

    assert group_of(replace(running, needs={Attention.STUCK: 1})) is Group.NEEDS_YOU
    assert group_of(replace(running, is_stopped=True)) is Group.STOPPED
    assert group_of(running) is Group.WORKING
    assert group_of(line("a", RunStatus.TIMED_OUT)) is Group.FAILED
    assert group_of(line("a", RunStatus.PARTIAL)) is Group.FAILED
    assert group_of(line("a", RunStatus.KILLED)) is Group.DONE


def test_each_group_keeps_its_order_whatever_order_comes() -> None:
    order: FixedOrder[str] = FixedOrder()
    a, b, failed = (
        line("a", RunStatus.RUNNING),
        line("b", RunStatus.RUNNING),
        line("f", RunStatus.FAILED),
    )

    first = arranged([a, b, failed], order)
    second = arranged([failed, line("new", RunStatus.RUNNING), b, a], order)

    assert [each.row.session.label for each in first] == ["f", "a", "b"]
    assert [each.row.session.label for each in second] == ["f", "a", "b", "new"]


def test_what_is_gone_is_forgotten() -> None:
    order: FixedOrder[str] = FixedOrder()
    order.place("a")
    order.place("b")

    order.keep(["b"])

    assert order.place("b") < order.place("a")
