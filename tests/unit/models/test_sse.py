"""Events are found in a stream of bytes wherever it is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from parallel_agents.models.sse import EventReader

STREAM = (
    ': a comment\r\n\r\nevent: ping\r\ndata: {"a":1}\r\n\r\n'
    'id: 7\ndata:{"b":"Grüße, 世界"}\n\nretry: 10\n\ndata: first\ndata: second\n\ndata: [DONE]\n\n'
).encode()
EVENTS = [b'{"a":1}', '{"b":"Grüße, 世界"}'.encode(), b"first\nsecond", b"[DONE]"]


def test_each_event_gives_its_data_without_comments_and_other_fields() -> None:
    reader = EventReader()

    events = reader.feed(STREAM)

    assert events == EVENTS
    assert reader.close() == []


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_the_events_are_the_same_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    reader = EventReader()

    events = [e for a, b in pairwise(edges) for e in reader.feed(STREAM[a:b])]

    assert events == EVENTS


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
@pytest.mark.parametrize("line_end", [b"\r", b"\r\n"])
def test_any_line_end_ends_a_line(line_end: bytes, cuts: list[int]) -> None:
    stream = b"\xef\xbb\xbf" + STREAM.replace(b"\r\n", b"\n").replace(b"\n", line_end)
    edges = [0, *sorted(cuts), len(stream)]
    reader = EventReader()

    events = [e for a, b in pairwise(edges) for e in reader.feed(stream[a:b])]

    assert events + reader.close() == EVENTS


def test_blank_data_is_a_keep_alive() -> None:
    assert EventReader().feed(b"data:\n\ndata: \n\ndata: one\n\n") == [b"one"]


def test_a_last_event_without_its_blank_line_comes_at_the_close() -> None:
    reader = EventReader()

    assert reader.feed(b"data: one\n\ndata: two") == [b"one"]
    assert reader.close() == [b"two"]


def test_a_line_that_comes_in_many_pieces_is_put_together() -> None:
    reader = EventReader()

    assert [e for piece in (b"data: a", b"b", b"c", b"d\n\nda") for e in reader.feed(piece)] == [
        b"abcd"
    ]
    assert [e for piece in (b"ta: e\r", b"\n", b"\r\n") for e in reader.feed(piece)] == [b"e"]


def test_an_event_has_a_bound() -> None:
    reader = EventReader()
    for piece in (b"data: ", *[b"x" * (1 << 20)] * 15):
        reader.feed(piece)

    with pytest.raises(ValueError, match="larger than 16 MiB"):
        reader.feed(b"x" * (1 << 20))
