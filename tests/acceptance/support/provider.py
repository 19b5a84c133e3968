"""A provider on loopback whose answers and bad days the test at hand chooses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import orjson

from parallel_agents.core.schema import JsonObject
from parallel_agents.testing import Behaviour, LoopbackProvider, Received, serve
from parallel_agents.testing.behaviour import Fault, Hold, Reply, answer_by_schema
from tests.acceptance.support.waiting import wait_until


@dataclass(slots=True)
class FakeProvider:
    """A provider whose answers and bad days the test at hand chooses.

    Attributes:
        answer: from a request's body to what the model says.
    """

    answer: Callable[[JsonObject], Reply] = answer_by_schema
    _faults: dict[str, Fault] = field(default_factory=dict[str, Fault])
    _counted: dict[str, int] = field(default_factory=dict[str, int])
    _released: threading.Event = field(default_factory=threading.Event)
    _all: Sequence[Received] = ()
    _first: int = 0
    base_url: str = ""

    def gives(self, fault: Fault, to: str = "", *, times: int = 1_000_000) -> None:
        """From now on the first `times` requests that contain `to` meet this fault."""
        self._faults[to], self._counted[to] = fault, times

    def hold(self, to: str = "", *, times: int = 1_000_000) -> None:
        """Answer no request that contains `to` until `release`."""
        self.gives(Hold(self._released.is_set), to, times=times)

    def release(self) -> None:
        """Answer the requests that are held."""
        self._released.set()
        self._released = threading.Event()

    def begin_again(self) -> None:
        """Answer every request as usual again; what came stays counted."""
        self._faults.clear()
        self.release()

    def fault(self, body: JsonObject) -> Fault | None:
        text = orjson.dumps(body).decode()
        for part, fault in self._faults.items():
            if part in text and self._counted[part]:
                self._counted[part] -= 1
                return fault
        return None

    def reply(self, body: JsonObject) -> Reply:
        return self.answer(body)

    def watch(self, provider: LoopbackProvider) -> None:
        """Serve for this provider."""
        self.base_url, self._all = provider.base_url, provider.requests

    @property
    def requests(self) -> Sequence[Received]:
        """What came since the test began, in order."""
        return self._all[self._first :]

    def texts(self) -> list[str]:
        """Each request as one text, in order."""
        return [orjson.dumps(request.body).decode() for request in self.requests]

    def wait_in_flight(self, count: int) -> None:
        """Return once so many requests have come and have no answer yet."""
        wait_until(lambda: sum(r.status is None for r in self.requests) >= count)

    def wait_answered(self, count: int) -> None:
        """Return once so many requests have their answer."""
        wait_until(lambda: sum(r.status is not None for r in self.requests) >= count)

    def begin(self) -> None:
        """Forget what was asked for and what came."""
        self.answer, self._first = answer_by_schema, len(self._all)
        self._faults.clear()
        self.release()


@contextmanager
def serving() -> Generator[FakeProvider]:
    fake = FakeProvider()
    behaviour = Behaviour(answer=fake.reply, fault=lambda _, body: fake.fault(body))
    with serve(behaviour) as provider:
        fake.watch(provider)
        yield fake
