"""An option is added to a command that need not know of it."""

from __future__ import annotations

import inspect

from parallel_agents.surfaces.cli.added_option import with_option


def test_the_value_of_an_added_option_is_taken_and_the_command_does_not_get_it() -> None:
    got = list[object]()

    def command(name: str) -> None:
        got.append(name)

    called = with_option(command, "extra", str | None, got.append)
    called(name="tea", extra="more")

    assert got == ["more", "tea"]
    assert list(inspect.signature(called).parameters) == ["name", "extra"]
