"""Sockets: one for each tab, on which a client subscribes to topics; who reads slowly gets snapshots, or is cut off."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Mapping

import orjson
from pydantic import Field, ValidationError
from starlette.types import Receive, Scope, Send

from parallel_agents.core.ids import SessionKey
from parallel_agents.errors import InvalidInput, NotFound, PagentsError
from parallel_agents.surfaces.gateway.event_routes import check_cursor
from parallel_agents.surfaces.gateway.frames import Frame, Topic
from parallel_agents.surfaces.gateway.gateway import Gateway
from parallel_agents.surfaces.gateway.given import MOST_NUMBER, Given, wrong
from parallel_agents.surfaces.gateway.guard import SUBPROTOCOL
from parallel_agents.surfaces.gateway.problems import problem_of, status_of
from parallel_agents.surfaces.gateway.replies import encode
from parallel_agents.surfaces.gateway.topics import (
    HEALTH,
    QUESTIONS,
    RUNS,
    SESSION,
    HealthTopic,
    QuestionsTopic,
    RunsTopic,
    SessionTopic,
)

PATH = "/api/v1/live"
_log = logging.getLogger(__name__)
_MOST_TOPICS, _MOST_SOCKETS = 20, 1000
_MOST_FRAMES, _MOST_BYTES = 20, 2_000_000
_SEND_SECONDS, HEARTBEAT_SECONDS = 20.0, 15.0
_GOING_AWAY, _POLICY, _TRY_LATER = 1001, 1008, 1013


class Topics:
    """The topics that somebody subscribes to, each with one task."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._running: dict[str, tuple[Topic, asyncio.Task[None]]] = {}
        self.sockets = 0

    async def find(self, name: str) -> Topic:
        """The topic of a name, which works from now on if it did not.

        Raises:
            NotFound: there is none.
            Ambiguous: the session is not named exactly.
        """
        if name.startswith(SESSION):
            row = await self.gateway.client.sessions.find(name.removeprefix(SESSION))
            name = f"{SESSION}{row.session.key}"
        if name not in self._running:
            topic = self._make(name)
            self._running[name] = (topic, asyncio.create_task(self._run(topic)))
        return self._running[name][0]

    def _make(self, name: str) -> Topic:
        plain = {RUNS: RunsTopic, QUESTIONS: QuestionsTopic, HEALTH: HealthTopic}
        if name in plain:
            return plain[name](self.gateway)
        if name.startswith(SESSION):
            return SessionTopic(self.gateway, SessionKey(name.removeprefix(SESSION)))
        raise NotFound(
            f"there is no topic {name[:80]!r}", hint=f"topics: {', '.join(plain)}, {SESSION}NAME"
        )

    async def _run(self, topic: Topic) -> None:
        try:
            await topic.run()
        except PagentsError as error:  # the store has failed, which ends the gateway
            _log.warning("%s is no longer told: %s", topic.name, error.message)
        except Exception:  # noqa: BLE001 - the task's edge: its clients are cut off, and may come again
            _log.exception("%s is no longer told", topic.name)
            for subscriber in tuple(topic.subscribers):
                subscriber.cut_off()

    def leave(self, topic: Topic, subscriber: Socket) -> None:
        """End a subscription, and the topic's task if it was the last one."""
        topic.subscribers.discard(subscriber)
        if not topic.subscribers and (found := self._running.pop(topic.name, None)):
            found[1].cancel()


class _Wish(Given):
    """What a client sends: a topic to subscribe to, from an event on, or one to leave."""

    subscribe: str | None = Field(default=None, max_length=500)
    unsubscribe: str | None = Field(default=None, max_length=500)
    after: int | None = Field(default=None, ge=0, le=MOST_NUMBER)


class _Pending:
    """The frames of one topic that a client has not been sent yet."""

    def __init__(self) -> None:
        self.frames: deque[Frame] = deque()
        self.needs_snapshot = False
        self.least_seq = 0


class Socket:
    """One client: what it subscribes to, and what it has not been sent yet."""

    def __init__(self, topics: Topics, send: Send) -> None:
        self._topics = topics
        self._send_message = send
        self._pending: dict[Topic, _Pending] = {}
        self._own: deque[bytes] = deque()
        self._news = asyncio.Event()
        self.is_cut = asyncio.Event()

    def cut_off(self) -> None:
        """End the connection; the client may come again."""
        self.is_cut.set()

    def offer(self, topic: Topic, frame: Frame) -> None:
        """Keep a frame for the client; too many become a snapshot."""
        pending = self._pending.get(topic)
        if pending is None or pending.needs_snapshot or frame.seq < pending.least_seq:
            return
        pending.frames.append(frame)
        size = sum(len(each.body) for each in pending.frames)
        if len(pending.frames) > _MOST_FRAMES or size > _MOST_BYTES:
            self.ask_snapshot(topic)
        self._news.set()

    def ask_snapshot(self, topic: Topic) -> None:
        """Send a snapshot in place of the frames."""
        if (pending := self._pending.get(topic)) is not None:
            pending.frames.clear()
            pending.needs_snapshot = True
            self._news.set()

    async def take(self, text: str) -> None:
        """Do what a client asks for; what is wrong with it is told, and the socket stays."""
        name = ""
        try:
            try:
                wish = _Wish.model_validate_json(text)
            except ValidationError as error:
                raise wrong(error, _Wish, "the message") from error
            name = wish.subscribe or wish.unsubscribe or ""
            if (wish.subscribe is None) is (wish.unsubscribe is None):
                raise InvalidInput(
                    "a message subscribes to a topic or leaves one",
                    hint='send {"subscribe": "runs"}',
                )
            if wish.unsubscribe is not None:
                self._leave(wish.unsubscribe)
            else:
                await self._subscribe(name, wish.after)
        except PagentsError as error:
            problem = problem_of(error, status_of(error))
            self._own.append(encode({"topic": name, "kind": "error", "problem": problem}))
            self._news.set()

    async def _subscribe(self, name: str, after: int | None) -> None:
        if len(self._pending) >= _MOST_TOPICS:
            raise InvalidInput(
                f"a socket follows {_MOST_TOPICS} topics at most", hint="leave one first"
            )
        gateway = self._topics.gateway
        if after is not None:
            await check_cursor(gateway.client.journal, gateway.hub.seq, after)
        topic = await self._topics.find(name)
        pending = self._pending.setdefault(topic, _Pending())
        topic.subscribers.add(self)
        missed = None if after is None else await topic.since(after)
        if missed is None:
            pending.needs_snapshot = True
        else:
            pending.frames.appendleft(missed)
        self._news.set()

    def _leave(self, name: str) -> None:
        for topic in [each for each in self._pending if each.name == name]:
            del self._pending[topic]
            self._topics.leave(topic, self)

    def leave_all(self) -> None:
        for topic in self._pending:
            self._topics.leave(topic, self)
        self._pending.clear()

    async def send_all(self) -> None:
        """Send what there is, as it comes, and a heartbeat after silence.

        Raises:
            TimeoutError: the client does not read.
        """
        while True:
            self._news.clear()
            async for body in self._bodies():
                async with asyncio.timeout(_SEND_SECONDS):
                    await self._send_message({"type": "websocket.send", "text": body.decode()})
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                beat = {"kind": "heartbeat", "seq": self._topics.gateway.hub.seq}
                self._own.append(orjson.dumps(beat))

    async def _bodies(self) -> AsyncGenerator[bytes]:
        while self._own:
            yield self._own.popleft()
        for topic, pending in tuple(self._pending.items()):
            if pending.needs_snapshot:
                pending.needs_snapshot = False
                frame = await topic.snapshot()
                pending.least_seq = frame.seq
                yield frame.body
            while pending.frames and not pending.needs_snapshot:
                frame = pending.frames.popleft()
                if frame.seq >= pending.least_seq:
                    yield frame.body


async def serve_socket(topics: Topics, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one client until it leaves, reads nothing, or the gateway ends."""
    await receive()
    if scope["path"] != PATH or topics.sockets >= _MOST_SOCKETS:
        await send({"type": "websocket.close", "code": _POLICY})
        return
    chosen = SUBPROTOCOL if SUBPROTOCOL in scope.get("subprotocols", ()) else None
    await send({"type": "websocket.accept", "subprotocol": chosen})
    topics.sockets += 1
    socket = Socket(topics, send)
    tasks = [
        asyncio.create_task(_receive_all(socket, receive)),
        asyncio.create_task(socket.send_all()),
        asyncio.create_task(_ending(topics)),
        asyncio.create_task(_cut(socket)),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        code = _GOING_AWAY if tasks[2] in done else _TRY_LATER
        if tasks[0] not in done:
            async with asyncio.timeout(1):
                await send({"type": "websocket.close", "code": code})
    except (TimeoutError, OSError, RuntimeError):
        pass  # the client has left, or reads nothing: the server ends the connection
    finally:
        topics.sockets -= 1
        socket.leave_all()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _receive_all(socket: Socket, receive: Receive) -> None:
    while True:
        message: Mapping[str, object] = await receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        await socket.take(text if isinstance(text, str) else "")


async def _ending(topics: Topics) -> None:
    await topics.gateway.hub.ending.wait()


async def _cut(socket: Socket) -> None:
    await socket.is_cut.wait()
