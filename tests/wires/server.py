"""Server: a raw HTTP server on loopback that plays the exchanges of a case, byte for byte."""

from __future__ import annotations

import asyncio
import re
import time
import zlib
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import orjson

from tests.wires import rules
from tests.wires.case import Exchange, Form, Pause, Wire
from tests.wires.formats import chat, gemini, messages, responses
from tests.wires.formats.shape import Format, Ordinary, dumps, table, tables
from tests.wires.matching import Expectation, as_text, find

FORMATS: Mapping[Wire, Format] = {
    "chat": chat,
    "messages": messages,
    "responses": responses,
    "gemini": gemini,
}
_OPEN_SECONDS = 60.0  # how long a connection that a case leaves open stays so
_QUOTED = re.compile(r"\$\(([^()]+)\)")
_CLOCK = re.compile(r"\$(DATE|ISO|UNIX|MS)\+([\d.]+)")


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came, and when, in seconds of the monotonic clock."""

    wire: Wire
    target: str
    headers: Mapping[str, str]
    raw: bytes
    body: Any
    at: float

    @property
    def form(self) -> Form:
        asks = table(self.body).get("stream") is True
        return Form.STREAM if asks or ":stream" in self.target else Form.PLAIN

    def look(self, path: str) -> Sequence[Any]:
        """The values at a path into the body, or at one that begins with `$`."""
        head, _, rest = path.partition(".")
        match head:
            case "$target":
                return [self.target]
            case "$headers":
                return find(self.headers, rest.lower())
            case "$raw":
                return [self.raw.decode(errors="replace")]
            case "$roles":
                return [" ".join(self._roles())]
            case "$results":
                return find(FORMATS[self.wire].results(self.body), rest or "*")
            case _:
                return find(self.body, path)

    def _roles(self) -> Iterator[str]:
        body = table(self.body)
        for turn in tables(body.get("messages") or body.get("input") or body.get("contents")):
            yield str(turn.get("role") or turn.get("type"))


@dataclass(slots=True)
class Script:
    """What one provider of a case answers, what it was asked, and what was wrong with that."""

    wire: Wire
    exchanges: Sequence[Exchange]
    rules: Sequence[str]
    requests: list[Request] = field(default_factory=list[Request])
    problems: list[str] = field(default_factory=list[str])
    used: dict[int, int] = field(default_factory=dict[int, int])

    def answer(self, request: Request) -> Exchange:
        """The reply to a request: to a rule that it breaks, or of the first exchange that fits it.

        A request too many gets the last reply again, so that the run ends as it would.
        """
        if request.body is None:  # it asks for the list of models, which no case has
            return Exchange(status=404, body={"error": {"message": "Not Found"}})
        self.requests.append(request)
        number = len(self.requests)
        for rule in self.rules:
            if broken := rules.broken(rule, self.wire, request.body):
                self.problems.append(f"request {number} was refused: {broken}")
                return Exchange(status=400, body=FORMATS[self.wire].refusal(broken))
        for index, exchange in enumerate(self.exchanges):
            is_left = exchange.times == "any" or self.used.get(index, 0) < exchange.times
            if is_left and not Expectation.read(exchange.when).failures(request.look):
                self.used[index] = self.used.get(index, 0) + 1
                failures = Expectation.read(exchange.expect).failures(request.look)
                self.problems += [f"request {number}: {failure}" for failure in failures]
                return exchange
        self.problems.append(f"request {number} was not expected")
        return self.exchanges[-1]


class Server:
    """Plays scripts by the first part of a request's path, which names the provider."""

    def __init__(self) -> None:
        self.origin = ""
        self.scripts: dict[str, Script] = {}
        self.bugs: list[Exception] = []
        self._clients: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncGenerator[Server]:
        self = cls()
        listening = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=1 << 26)
        port = listening.sockets[0].getsockname()[1]
        self.origin = f"http://127.0.0.1:{port}"
        try:
            yield self
        finally:
            listening.close()
            for client in self._clients:
                client.cancel()
            await asyncio.gather(*self._clients, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._serve_one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except Exception as error:  # noqa: BLE001 - a bug of a case must fail its test
            self.bugs.append(error)
        finally:
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        target = head[0].split(" ")[1]
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:])}
        raw = await _read_body(reader, headers)
        path = target.partition("://")[2].partition("/")[2] if "://" in target else target[1:]
        script = self.scripts[re.split(r"[/?]", path, maxsplit=1)[0]]
        body = orjson.loads(raw) if raw else None
        request = Request(script.wire, target, headers, raw, body, time.monotonic())
        exchange = script.answer(request)
        return await _Reply(exchange, request, self.origin, reader, writer).send()


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    raw = b""
    if headers.get("transfer-encoding") == "chunked":
        while size := int(await reader.readline(), 16):
            raw += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    return raw


@dataclass(frozen=True, slots=True)
class _Reply:
    """One exchange on its way out."""

    exchange: Exchange
    request: Request
    origin: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self) -> bool:
        """Send the reply; False if the connection ends with it."""
        exchange = self.exchange
        await asyncio.sleep(exchange.wait)
        if exchange.end == "abort":
            self.writer.transport.abort()
            return False
        await self._write(exchange.early.encode("latin-1"))
        pieces, is_stream = self._pieces()
        chunked = exchange.framing == "chunked" or (is_stream and exchange.framing is None)
        if not (is_stream or chunked or exchange.framing):
            pieces = [b"".join(piece for piece in pieces if isinstance(piece, bytes))]
        await self._write(self._head(pieces, is_stream=is_stream, chunked=chunked))
        for piece in pieces:
            if isinstance(piece, Pause):
                await asyncio.sleep(piece)
            elif piece:
                await self._write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
                await asyncio.sleep(exchange.every)
        await self._end(chunked)
        return exchange.end == "close" and exchange.framing != "none"

    def _pieces(self) -> tuple[list[bytes | Pause], bool]:
        """What is sent after the head, and whether it is a stream of events."""
        exchange, wire = self.exchange, FORMATS[self.request.wire]
        asked = self.request.form is Form.STREAM
        is_stream = exchange.sends == "stream" or (asked and exchange.sends == "asked")
        if exchange.is_ordinary:
            reply = _ordinary(exchange, wire)
            parts = wire.events(reply) if is_stream else [wire.whole(reply)]
        elif is_stream and exchange.stream is not None:
            parts = exchange.stream
        else:
            parts, is_stream = [exchange.body], False
        pieces = [self._encode(part, wire if is_stream else None) for part in parts]
        if exchange.split:
            pieces = _split(pieces, exchange.split)
        return _zipped(pieces) if exchange.gzip else pieces, is_stream

    def _encode(self, part: object, wire: Format | None) -> bytes | Pause:
        if isinstance(part, bytes | Pause):
            return part
        if wire is not None and (event := table(part)):
            part = wire.frame(event)
        text = part if isinstance(part, str) else dumps(part) if part is not None else ""
        text = chat.DONE if text == "DONE" else text
        return self._filled(text).encode("utf-8", "surrogatepass")

    def _head(self, pieces: Sequence[bytes | Pause], *, is_stream: bool, chunked: bool) -> bytes:
        kind = "text/event-stream" if is_stream else "application/json"
        headers = {"Content-Type": kind}
        if self.exchange.gzip:
            headers["Content-Encoding"] = "gzip"
        if chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif self.exchange.framing != "none":
            length = sum(len(piece) for piece in pieces if isinstance(piece, bytes))
            headers["Content-Length"] = str(length + (self.exchange.end not in {"close", "leave"}))
        headers |= {key: self._filled(value) for key, value in self.exchange.headers.items()}
        lines = [f"HTTP/1.1 {self.exchange.status} Status", *map(": ".join, headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    async def _end(self, chunked: bool) -> None:
        match self.exchange.end:
            case "close" | "leave":
                await self._write(b"0\r\n\r\n" if chunked else b"")
            case "keepalives":
                for _ in range(200):
                    await self._write(b"8\r\n: ping\n\n\r\n")
                    await asyncio.sleep(0.05)
            case "open":
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.reader.read(), _OPEN_SECONDS)
            case _:
                pass

    async def _write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def _filled(self, text: str) -> str:
        """The text with the server's address, times some seconds from now, and parts of the request."""
        filled = _CLOCK.sub(_time, text.replace("$ORIGIN", self.origin))
        return _QUOTED.sub(self._quote, filled)

    def _quote(self, found: re.Match[str]) -> str:
        return "".join(as_text(value) for value in self.request.look(found[1])[:1])


def _ordinary(exchange: Exchange, wire: Format) -> Ordinary:
    calls = [(name, dict(given)) for call in exchange.calls or () for name, given in call.items()]
    message = exchange.message
    if message is None:
        message = wire.say(exchange.say or "", calls)
    given = exchange.model_fields_set
    finish = exchange.finish if "finish" in given else wire.CALLS if calls else wire.FINISH
    usage = exchange.usage if "usage" in given else wire.USAGE
    return Ordinary(message, finish, usage, exchange.indexed)


def _time(found: re.Match[str]) -> str:
    at = time.time() + float(found[2])
    match found[1]:
        case "DATE":
            return formatdate(at, usegmt=True)
        case "ISO":
            return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
        case "MS":
            return str(int(at * 1000))
        case _:
            return str(int(at))


def _split(pieces: Sequence[bytes | Pause], size: int) -> list[bytes | Pause]:
    joined = b"".join(piece for piece in pieces if isinstance(piece, bytes))
    return [joined[at : at + size] for at in range(0, len(joined), size)]


def _zipped(pieces: Sequence[bytes | Pause]) -> list[bytes | Pause]:
    packer, packed = zlib.compressobj(wbits=31), list[bytes | Pause]()
    for piece in pieces:
        is_bytes = isinstance(piece, bytes)
        packed.append(
            packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) if is_bytes else piece
        )
    return [*packed, packer.flush()]
