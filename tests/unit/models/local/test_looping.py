from __future__ import annotations

import pytest

from parallel_agents.core.message import assistant, user
from parallel_agents.core.model import Capabilities, Listener, ModelReply, ModelRequest
from parallel_agents.errors import RepeatsItself
from parallel_agents.models.local.looping import StopsLoops, repeated_piece
from parallel_agents.testing.listener import RecordingListener

REQUEST = ModelRequest(messages=(user("list them"),))
PIECES_OF_LOOPS = ("def f(a): ", "\n\t", "0", '{"a": 1}, ', "x" * 100 + "y" * 150)


class Writer:
    """A model that writes its pieces to whoever listens."""

    name = "local/writer"
    capabilities = Capabilities(streams_always=True)

    def __init__(self, *pieces: str) -> None:
        self.pieces = pieces
        self.written = 0

    async def start(self) -> None:
        pass

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        del request
        assert listener is not None
        assert listener.wants_text
        for piece in self.pieces:
            self.written += 1
            listener.text(piece)
        return ModelReply(message=assistant("".join(self.pieces)), model=self.name)

    async def aclose(self) -> None:
        pass


@pytest.mark.parametrize("piece", PIECES_OF_LOOPS)
async def test_a_reply_that_goes_round_in_a_loop_is_stopped_in_time(piece: str) -> None:
    writer = Writer('{"issues": [', *[piece] * 4000)

    with pytest.raises(RepeatsItself, match="the reply ends with"):
        await StopsLoops(writer).respond(REQUEST)

    assert writer.written * len(piece) < 1024 + 128 + 2 * len(piece)


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"line {number}: 0\n" for number in range(500)),
        "#" * 1000 + "\n" + "A title\n" + "#" * 1000,
        ("one sentence that is said again. " * 20 + "and then something else. ") * 3,
    ],
)
async def test_what_only_looks_like_a_loop_is_not_stopped(text: str) -> None:
    reply = await StopsLoops(Writer(*text)).respond(REQUEST)

    assert reply.message.text == text


@pytest.mark.parametrize("wants_text", [True, False])
async def test_the_listener_gets_the_text_even_if_it_did_not_ask_for_it(wants_text: bool) -> None:
    listener = RecordingListener(wants_text=wants_text)

    await StopsLoops(Writer("a", "b")).respond(REQUEST, listener)

    assert listener.pieces == ["a", "b"]


def test_the_shortest_piece_is_found() -> None:
    assert repeated_piece("abcabcab") == "cab"
    assert not repeated_piece("abcabcax")
    assert not repeated_piece("")
