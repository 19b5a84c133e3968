"""What permissions say of a tool is told with the rules that say it."""

from __future__ import annotations

import pytest

from parallel_agents.core.permission import Permissions
from parallel_agents.core.tool import Access, ToolSpec
from parallel_agents.views.rights import Layer, rights_of

SHELL = ToolSpec("shell", "", {}, access=Access.RUN)
READ = ToolSpec("read_file", "", {}, access=Access.READ)
NOTHING = Permissions()


@pytest.mark.parametrize(
    ("spec", "layers", "text"),
    [
        (READ, [NOTHING], "allow"),
        (READ, [Permissions(deny=("read_file(.env)",))], "deny read_file(.env); others: allow"),
        (READ, [Permissions(deny=("read_file",))], "deny read_file; no call is allowed"),
        (SHELL, [NOTHING], "no call is allowed"),
        (SHELL, [NOTHING, Permissions(allow=("shell",))], "allow shell"),
        (SHELL, [Permissions(allow=("shell(git *)",))], "allow shell(git *); others: deny"),
        (
            SHELL,
            [Permissions(allow=("shell(git *)",)), Permissions.admin()],
            "allow shell(git *); allow *; others: deny",
        ),
        (SHELL, [Permissions.admin()], "allow *"),
        (
            SHELL,
            [
                Permissions(deny=("shell(curl *)",)),
                Permissions(allow=("shell",), ask=("shell(rm *)",)),
            ],
            "deny shell(curl *); ask shell(rm *); allow shell",
        ),
        (
            SHELL,
            [Permissions(allow=("read_file",)), Permissions(allow=("shell",))],
            "allow shell; no call is allowed",
        ),
    ],
)
def test_what_becomes_of_calls_is_told(
    spec: ToolSpec, layers: list[Permissions], text: str
) -> None:
    assert rights_of([Layer("x", rules) for rules in layers], spec).text == text


def test_the_profile_that_only_reads_allows_nothing_that_changes() -> None:
    rights = rights_of(
        [Layer("x", Permissions.read_only()), Layer("y", Permissions.admin())], SHELL
    )

    assert not rights.is_usable
