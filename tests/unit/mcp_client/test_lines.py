"""Lines: however a stream is cut, its lines are the same; of a long one the result's beginning is kept."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest
from hypothesis import given, strategies as st

from parallel_agents.mcp_client.lines import Held, Line, Lines, LongLine, shortened


def lines_of(pieces: Iterator[bytes]) -> list[Line]:
    lines = Lines()
    found = [line for piece in pieces for line in lines.feed(piece)]
    return [*found, lines.end()]


@given(st.binary(max_size=200), st.integers(1, 50))
def test_lines_do_not_depend_on_the_pieces(text: bytes, size: int) -> None:
    pieces = (text[start : start + size] for start in range(0, len(text), size))

    assert lines_of(pieces) == text.split(b"\n")


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    held = Held(most_bytes=1000)
    for _ in range(10_000):
        held.add(b"0123456789")
    held.add(b"end")

    line = held.take()

    assert isinstance(line, LongLine)
    assert line.bytes == 100_003
    assert line.head.startswith(b"0123456789")
    assert line.tail.endswith(b"789end")
    assert held.take() == b""


@pytest.mark.parametrize(
    ("head", "tail", "texts", "is_error"),
    [
        (
            b'{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"tea\\n\\ud83c',
            b'xx"}]}}',
            "tea\n",
            False,
        ),
        (
            b'{"result":{"content":[{"type":"text","text":"tea',
            b'xx"}],"isError":true},"jsonrpc":"2.0","id":7}',
            "tea",
            True,
        ),
        (
            b'{"id": 7, "result": {"isError": true, "content": [{"text": "a \\"b\\" ',
            b'"}]}}',
            'a "b" ',
            True,
        ),
        (b'{"result":{"structuredContent":[1,2', b'3]},"id":7}', '{"result":', False),
    ],
)
def test_the_beginning_of_a_long_result_goes_to_its_call(
    head: bytes, tail: bytes, texts: str, is_error: bool
) -> None:
    message = shortened(LongLine(head, tail, 99_000_000))

    assert message is not None
    found = orjson.loads(message)
    first, second = found["result"]["content"]
    assert found["id"] == 7
    assert "99,000,000 bytes" in first["text"]
    assert second["text"].startswith(texts)
    assert found["result"]["isError"] is is_error


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        (b"x" * 100, b"x" * 100),
        (b'{"result":{"text":"\\"id\\":7', b'"id":7 and more'),
        (b'{"method":"notifications/message","params":{"id":7', b"}}"),
    ],
)
def test_a_long_line_that_answers_no_call_goes_nowhere(head: bytes, tail: bytes) -> None:
    assert shortened(LongLine(head, tail, 99_000_000)) is None
