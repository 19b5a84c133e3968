"""Of a long output the beginning and the end are kept, and no secret is cut in two."""

from __future__ import annotations

import pytest

from parallel_agents.containment.output import Output
from parallel_agents.secrets.redactor import Redactor

SECRET = "Pq7a0b1c2d3e4f5g6h7"
HEAD, TAIL = 16_384, 49_152


def redactor() -> Redactor:
    known = Redactor()
    assert known.add(SECRET, "S") == ""
    return known


def output_of(data: bytes, size: int, *, ends: bool = True) -> str:
    output = Output(redactor().stream)
    for at in range(0, len(data), size):
        output.add(data[at : at + size])
    output.is_broken_off = not ends
    output.end()
    return output.text


def has_part(text: str) -> bool:
    return any(SECRET[at : at + 4] in text for at in range(len(SECRET) - 3))


@pytest.mark.parametrize("edge", ["head", "tail"])
def test_a_secret_at_any_place_around_a_cut_is_hidden_as_a_whole(edge: str) -> None:
    total = 200_000
    place = HEAD if edge == "head" else total - TAIL
    for offset in range(-len(SECRET) - 15, 16):
        start = place + offset
        data = b"x" * start + SECRET.encode() + b"y" * (total - start - len(SECRET))
        text = output_of(data, 65_536)

        assert not has_part(text), offset
        assert "bytes of output are left out here" in text


@pytest.mark.parametrize("size", [7, 4_096])
def test_an_output_full_of_secrets_has_none_of_them(size: int) -> None:
    assert not has_part(output_of(SECRET.encode() * 8_000, size))


@pytest.mark.parametrize("length", range(4, len(SECRET)))
def test_what_breaks_off_within_a_secret_loses_its_beginning(length: int) -> None:
    data = f"said {SECRET[:length]}".encode()

    assert output_of(data, 1_000, ends=False) == "said "
    assert output_of(data, 1_000) == data.decode()


def test_bytes_that_are_no_text_and_letters_in_pieces_stay_as_they_are() -> None:
    data = "é\u20ac".encode() + b"\xff\0 end \xc3"

    assert output_of(data, 1) == data.decode(errors="replace")
    assert Output().text == ""
