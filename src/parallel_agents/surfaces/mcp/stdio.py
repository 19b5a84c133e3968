"""Stdio: serve the client that started this process, until it leaves or the server stops."""

from __future__ import annotations

import asyncio
import os
import select
import sys
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress

import orjson

from parallel_agents.core.schema import JsonObject
from parallel_agents.surfaces.mcp.client import PERSON, Client
from parallel_agents.surfaces.mcp.conversation import MOST_BYTES, Conversation

_PIECE = 65536
# A client that ends input may still read what it asked for, and sends a signal two seconds later.
_GRACE_SECONDS = 1.0
_STOP_SECONDS = 5.0
_LEAVE_SECONDS = 10.0


class _Said:
    """Messages on their way to the client, in order, written by one thread at a time.

    Args:
        gone: is called when nobody reads them any more.
    """

    def __init__(self, descriptor: int, gone: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._gone = gone
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue()

    def tell(self, message: JsonObject) -> None:
        self._waiting.put_nowait(orjson.dumps(message) + b"\n")

    async def write_all(self) -> None:
        """Write what is told, until this is cancelled."""
        while True:
            line = await self._waiting.get()
            try:
                await asyncio.to_thread(_write, self._descriptor, line)
            except OSError:
                self._gone()
            finally:
                self._waiting.task_done()

    async def written(self, seconds: float) -> None:
        """Return once everything has been written, or after that time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._waiting.join()


async def serve_stdio(
    call: Callable[[str, JsonObject], Awaitable[JsonObject]],
    stop: asyncio.Event,
    left: threading.Event,
    client: Client = PERSON,
) -> None:
    """Serve on stdin and stdout; whatever else this process prints goes to stderr meanwhile.

    `left` is set when the client has left, or `stop` was set.
    """
    with _kept_stdout() as stdout:
        said = _Said(stdout, stop.set)
        conversation = Conversation(call, said.tell, stop, client)
        writing = asyncio.create_task(said.write_all())
        async with _lines(sys.stdin.fileno(), stdout, stop) as lines:
            while (line := await lines.get()) is not None:
                conversation.hear(line)
        if not stop.is_set():
            await conversation.settled(_GRACE_SECONDS)
        stop.set()
        left.set()
        await conversation.settled(_STOP_SECONDS)
        await said.written(_GRACE_SECONDS)
        writing.cancel()


@contextmanager
def _kept_stdout() -> Generator[int]:
    """Stdout for messages alone: what is printed meanwhile, by whomever, goes to stderr."""
    sys.stdout.flush()
    stdout = sys.stdout.fileno()
    kept = os.dup(stdout)
    os.dup2(sys.stderr.fileno(), stdout)
    try:
        yield kept
    finally:
        os.dup2(kept, stdout)
        os.close(kept)


@asynccontextmanager
async def _lines(
    source: int, sink: int, stop: asyncio.Event
) -> AsyncGenerator[asyncio.Queue[bytes | None]]:
    """The lines of `source`, then None: at its end, when nobody reads `sink`, or when `stop` is set.

    A read itself cannot be interrupted: its thread would stay until the client's next line.
    """
    lines: asyncio.Queue[bytes | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    woken, waker = os.pipe()

    def put(line: bytes | None) -> None:
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(lines.put_nowait, line)

    async def wake() -> None:
        await stop.wait()
        os.write(waker, b"!")

    reading = threading.Thread(
        target=_read, args=(source, sink, woken, put), name="pagents-stdin", daemon=True
    )
    reading.start()
    waking = asyncio.create_task(wake())
    try:
        yield lines
    finally:
        waking.cancel()
        os.write(waker, b"!")
        await asyncio.to_thread(reading.join)
        os.close(woken)
        os.close(waker)


def _read(source: int, sink: int, woken: int, put: Callable[[bytes | None], None]) -> None:
    """Put each line of `source`, and None at its end; of a line that is too long only the beginning."""
    waits = select.poll()
    waits.register(source, select.POLLIN)
    waits.register(woken, select.POLLIN)
    waits.register(sink, 0)  # an error or a hang-up is reported anyway
    begun = bytearray()
    try:
        while True:
            ready = {descriptor for descriptor, _ in waits.poll()}
            if woken in ready or sink in ready:
                return
            piece = os.read(source, _PIECE)
            if not piece:
                return
            for part in piece.splitlines(keepends=True):
                begun += part[: MOST_BYTES + 1 - len(begun)]
                if part.endswith(b"\n"):
                    put(bytes(begun))
                    begun.clear()
    except OSError:
        return  # the client is gone
    finally:
        put(None)


def _write(descriptor: int, line: bytes) -> None:
    rest = memoryview(line)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


@contextmanager
def leaving_in_time(stop: threading.Event) -> Generator[None]:
    """End the process if the block has not ended ten seconds after `stop` was set.

    Whatever still holds it then, it has no work, and its client has left.
    """
    ended = threading.Event()

    def watch() -> None:
        stop.wait()
        if not ended.wait(_LEAVE_SECONDS):
            os._exit(0)

    threading.Thread(target=watch, name="pagents-leaving", daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        stop.set()
