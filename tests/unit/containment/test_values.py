"""Every value has a text, also one that JSON cannot represent."""

from __future__ import annotations

import pytest

from parallel_agents.containment.values import shown, text_of

CYCLE: list[object] = []
CYCLE.append(CYCLE)


class Response:
    def __repr__(self) -> str:  # pyright: ignore[reportImplicitOverride]
        return "<Response 200>"


class Unshowable:
    def __repr__(self) -> str:  # pyright: ignore[reportImplicitOverride]
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        ({"a": [1, None]}, '{"a":[1,null]}'),
        (b"utf-8", '"utf-8"'),
        (Response(), "(not JSON) <Response 200>"),
        (b"\xff", "(not JSON) b'\\xff'"),
        ({"name": "caf\udce9"}, "(not JSON) {'name': 'caf\\udce9'}"),
        (CYCLE, "(not JSON) [[[[[...]]]]]"),
        (10**5000, "1" + 5000 * "0"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_told_as_well_as_it_can_be(value: object, text: str) -> None:
    assert text_of(value) == text


def test_what_is_shown_is_bounded() -> None:
    assert len(shown([b"x" * 1_000_000] * 1000)) < 2100


def test_a_value_that_cannot_be_shown_is_named() -> None:
    assert text_of(Unshowable()).startswith("(not JSON) <Unshowable instance at 0x")
