"""A table is added to a file and removed, and every other line stays."""

from __future__ import annotations

import pytest

from parallel_agents.core.json_value import Json
from parallel_agents.surfaces.plugins.toml_block import value_at, with_table, without_table

STEPS = ("mcp_servers", "parallel-agents")
TABLE: dict[str, Json] = {"command": '/b "x"/pagents', "args": ["mcp"], "tool_timeout_sec": 600}


@pytest.mark.parametrize(
    "text",
    [
        "",
        'model = "o3" # mine\n\n[mcp_servers.other]\ncommand = "x"\n\n# below\n[z]\na = 1\n',
        "[mcp_servers]\nother = {}\n",
        'mcp_servers.x.command = "y"\n',
        'a = """\n[mcp_servers.other]\n"""\r\n',
    ],
)
def test_a_file_is_as_it_was_once_the_table_is_gone(text: str) -> None:
    put = with_table(text, STEPS, TABLE)

    assert value_at(put, STEPS) == TABLE
    assert put.startswith(text)
    assert without_table(put, STEPS) == text


def test_a_table_is_replaced_where_it_is_and_comments_below_stay() -> None:
    text = '[mcp_servers."parallel-agents"]\nold = 1\n[mcp_servers.parallel-agents.env]\nA = "b"\n'
    rest = "\n# about z\n[z]\na = 1\n"

    changed = with_table(text + rest, STEPS, {"new": 2})

    assert changed == "[mcp_servers.parallel-agents]\nnew = 2\n" + rest
    assert without_table(changed, STEPS) == rest
    assert without_table(text + "# the end\n", STEPS) == "# the end\n"


@pytest.mark.parametrize(
    "text",
    [
        "mcp_servers = {x = {}}\n",
        "[mcp_servers]\nparallel-agents = {}\n",
        'a = """\n[mcp_servers.parallel-agents]\n"""\nmcp_servers.parallel-agents.b = 1\n',
        "mcp_servers = 1\n",
        "a = \n",
    ],
)
def test_what_only_a_person_can_change_safely_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        with_table(text, STEPS, TABLE)


def test_a_file_without_the_table_stays() -> None:
    assert without_table("a = 1", STEPS) == "a = 1"
