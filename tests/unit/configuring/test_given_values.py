"""What a person types becomes the first value that the setting takes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from parallel_agents.configuring.given_values import chosen_value
from parallel_agents.core.json_value import Json
from parallel_agents.errors import ConfigError


def takes(kind: type | tuple[type, ...]) -> Callable[[Json], None]:
    def check(value: Json) -> None:
        if not isinstance(value, kind):
            raise ConfigError(f"not {value!r}")

    return check


@pytest.mark.parametrize(
    ("texts", "kind", "value"),
    [
        (["8"], int, 8),
        (["8"], str, "8"),
        (["openai/gpt-5"], str, "openai/gpt-5"),
        (["true"], bool, True),
        (["true"], str, "true"),
        (['["a", "b"]'], list, ["a", "b"]),
        (["a", "b"], list, ["a", "b"]),
        (["a"], list, ["a"]),
        (["{usd = 2}"], dict, {"usd": 2}),
        (["a = 1\nb = 2"], str, "a = 1\nb = 2"),
    ],
)
def test_the_first_reading_that_fits_is_taken(texts: list[str], kind: type, value: Json) -> None:
    assert chosen_value(texts, takes(kind)) == value


def test_the_refusal_is_that_of_the_likeliest_reading() -> None:
    with pytest.raises(ConfigError, match="not 8"):
        chosen_value(["8"], takes(bool))
