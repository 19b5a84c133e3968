"""Names of tools of MCP servers: what providers take, one for each tool, whatever servers call them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies as st

from parallel_agents.core.mcp_names import (
    is_server_name,
    is_vain_pattern,
    names_tool,
    offered_name,
    parse_mcp_name,
)

TAKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
SERVERS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{0,15}(_[a-z0-9]{1,10})?", fullmatch=True)


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        ("create_issue", "mcp__github__create_issue"),
        ("get-sum", "mcp__github__get-sum"),
        ("admin.tools.list", "mcp__github__admin_tools_list_ce33de31"),
        ("a b", "mcp__github__a_b_c8687a08"),
        ("a/b", "mcp__github__a_b_c14cddc0"),
        ("tee 🍵", "mcp__github__tee_75dfe36b"),
        ("🍵", "mcp__github__c71290e2"),
        ("x" * 200, f"mcp__github__{'x' * 42}_aa20c23e"),
    ],
)
def test_a_name_that_providers_refuse_is_replaced_by_one_that_they_take(
    tool: str, name: str
) -> None:
    assert offered_name("github", tool) == name


@given(SERVERS, st.text(min_size=1, max_size=300))
def test_every_offered_name_is_taken_and_says_its_server(server: str, tool: str) -> None:
    name = offered_name(server, tool)

    assert TAKEN.fullmatch(name)
    assert parse_mcp_name(name).server == server


@given(st.lists(st.text(min_size=1, max_size=40), unique=True, min_size=2, max_size=20))
def test_no_two_tools_of_a_server_fold_to_one_name(tools: list[str]) -> None:
    assert len({offered_name("s", tool) for tool in tools}) == len(tools)


@pytest.mark.parametrize(
    ("name", "parsed"),
    [
        ("mcp__github__create_issue", ("github", "create_issue")),
        ("mcp__github__*", ("github", "*")),
        ("mcp__github", ("github", "*")),
        ("mcp__github__", ("github", "*")),
        ("mcp__a_b__c__d", ("a_b", "c__d")),
        ("mcp__a____init__", ("a", "__init__")),
    ],
)
def test_a_name_says_its_server_and_its_tool(name: str, parsed: tuple[str, str]) -> None:
    assert parse_mcp_name(name) == parsed


@pytest.mark.parametrize("name", ["github", "my-server", "my_server", "1password", "A" * 32])
def test_a_server_can_be_called_so(name: str) -> None:
    assert is_server_name(name)


@pytest.mark.parametrize(
    "name", ["", "a__b", "a_", "_a", "foo.bar", "my server", "tee🍵", "A" * 33, "-", "a/b", "a*"]
)
def test_a_server_cannot_be_called_so(name: str) -> None:
    assert not is_server_name(name)


@pytest.mark.parametrize(
    ("named", "tool"),
    [
        ("mcp__github", "mcp__github__create_issue"),
        ("mcp__github__*", "mcp__github__create_issue"),
        ("mcp__github__create_issue", "mcp__github__create_issue"),
        ("mcp__github__admin.tools.list", "mcp__github__admin_tools_list_ce33de31"),
    ],
)
def test_a_rule_names_a_tool(named: str, tool: str) -> None:
    assert names_tool(named, tool)


@pytest.mark.parametrize(
    ("named", "tool"),
    [
        ("mcp__git", "mcp__github__create_issue"),  # a server whose name begins so
        ("mcp__foo.bar", "mcp__foo_bar__evil"),  # another server that folds to the same
        ("mcp__github__a.b", "mcp__github__a_b"),  # another tool that folds to the same
        ("github", "mcp__github__x"),
        ("mcp__github", "mcp__github"),
    ],
)
def test_a_rule_does_not_name_what_only_looks_alike(named: str, tool: str) -> None:
    assert not names_tool(named, tool)


@pytest.mark.parametrize("named", ["mcp__s__admin.*", f"mcp__s__{'x' * 70}*"])
def test_a_pattern_that_no_offered_name_can_match_is_known(named: str) -> None:
    assert is_vain_pattern(named)


@pytest.mark.parametrize("named", ["mcp__s__admin_*", "mcp__s__*", "mcp__*", "read.*", "mcp__s"])
def test_a_pattern_that_names_may_match_is_none(named: str) -> None:
    assert not is_vain_pattern(named)
