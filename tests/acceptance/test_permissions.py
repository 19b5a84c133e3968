"""`pagents permissions show`: the rules of an agent or a session, and what becomes of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents

HOST = """---
name: host
description: Writes.
tools: [write_file, shell]
permissions: {allow: [write_file(docs/**)], ask: [shell(git *)]}
---
You are a host.
"""


@pytest.fixture
def host(pagents: Pagents) -> Pagents:
    """A project with the agent and rules in the settings."""
    pagents.project("agents/host.md", HOST)
    pagents.project("config.toml", 'permissions = {deny = ["shell(git push *)"]}\n')
    return pagents


def test_the_rules_of_an_agent_are_listed_with_those_above(host: Pagents) -> None:
    ended = host("permissions", "show", "host")

    assert ended.out.splitlines()[1:] == [
        "write_file  allow write_file(docs/**); others: deny",
        "shell       deny shell(git push *); ask shell(git *); others: deny",
    ]
    assert "the settings: deny shell(git push *)" in ended.err
    assert "agent host: ask shell(git *); allow write_file(docs/**)" in ended.err


@pytest.mark.parametrize(
    ("call", "ruling", "rule"),
    [
        ("shell(git push origin)", "deny", "shell(git push *)"),
        ("shell(git log)", "ask", "shell(git *)"),
        ("shell(make)", "deny", ""),
        ("write_file(docs/a)", "allow", "write_file(docs/**)"),
    ],
)
def test_a_call_is_decided_without_being_made(
    host: Pagents, call: str, ruling: str, rule: str
) -> None:
    (item,) = host.items("permissions", "show", "host", call)

    assert item == {"call": call, "ruling": ruling, "rule": rule}


def test_the_rules_of_a_session_are_those_that_it_was_started_with(host: Pagents) -> None:
    host("spawn", "host", "Say something.", "--wait", "--label", "mine")

    shown = host.json("permissions", "show", "mine")

    assert [layer["where"] for layer in shown["layers"]] == ["the settings", "layer 1 of 1"]


def test_what_is_not_there_is_told_with_the_nearest_name(host: Pagents) -> None:
    ended = host("permissions", "show", "hots")

    assert ended.code == 4
    assert "✖ PA-E102  there is no agent 'hots'\n  hint  did you mean 'host'?" in ended.err
