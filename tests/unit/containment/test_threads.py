"""A function that blocks has threads of its own, and those that hang are bounded."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext

import pytest

from parallel_agents.containment.calls import Raised
from parallel_agents.containment.threads import NoThreadLeft, Threads

pytestmark = pytest.mark.real_time

AT_ONCE = nullcontext()


class Hang:
    """A function that hangs until it is let go."""

    def __init__(self) -> None:
        self.calls = 0
        self._go = threading.Event()
        self._begun = threading.Semaphore(0)

    def __call__(self) -> str:
        self.calls += 1
        self._begun.release()
        self._go.wait()
        return "late"

    async def begun(self) -> None:
        await asyncio.to_thread(self._begun.acquire)

    def let_go(self) -> None:
        self._go.set()


@pytest.fixture
def hang() -> Generator[Hang]:
    hang = Hang()
    yield hang
    hang.let_go()


async def hung(threads: Threads, hang: Hang) -> None:
    """Leave a call that hangs."""
    task = asyncio.create_task(threads.run(hang, queued=AT_ONCE))
    await hang.begun()
    task.cancel()
    await asyncio.wait((task,))


async def test_it_returns_what_the_function_returns() -> None:
    assert await Threads("f").run(lambda: "value", queued=AT_ONCE) == "value"


async def test_an_exception_is_raised_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        await Threads("f").run(lambda: 1 // 0, queued=AT_ONCE)


@pytest.mark.parametrize(
    "error", [SystemExit(1), KeyboardInterrupt(), StopIteration(), GeneratorExit()], ids=repr
)
async def test_what_cannot_leave_a_thread_is_raised_as_text(error: BaseException) -> None:
    def function() -> None:
        raise error

    with pytest.raises(Raised, match=type(error).__name__):
        await Threads("f").run(function, queued=AT_ONCE)


async def test_its_threads_do_not_keep_the_process_alive() -> None:
    is_daemon = await Threads("f").run(lambda: threading.current_thread().daemon, queued=AT_ONCE)

    assert is_daemon


async def test_a_thread_is_used_again() -> None:
    threads = Threads("f")
    first = await threads.run(threading.get_ident, queued=AT_ONCE)

    while await threads.run(threading.get_ident, queued=AT_ONCE) != first:
        pass  # a thread is idle a moment after its call has returned


async def test_a_call_that_hangs_keeps_no_other_waiting(hang: Hang) -> None:
    threads = Threads("f", most_at_once=1)
    await hung(threads, hang)

    assert await threads.run(lambda: "prompt", queued=AT_ONCE) == "prompt"


async def test_it_is_told_once_that_a_call_hangs(
    hang: Hang, caplog: pytest.LogCaptureFixture
) -> None:
    threads = Threads("slow")
    for _ in range(2):
        await hung(threads, hang)

    assert caplog.text.count("slow runs on in its thread") == 1


async def test_a_function_that_hangs_too_often_is_not_called(hang: Hang) -> None:
    threads = Threads("slow", most_hung=2)
    for _ in range(2):
        await hung(threads, hang)

    with pytest.raises(NoThreadLeft, match="slow was not called: 2 earlier calls"):
        await threads.run(hang, queued=AT_ONCE)
    assert hang.calls == 2


async def test_it_is_called_again_once_the_hung_calls_have_returned(hang: Hang) -> None:
    threads = Threads("slow", most_hung=1)
    await hung(threads, hang)
    hang.let_go()

    async def call() -> str:
        while True:
            try:
                return await threads.run(hang, queued=AT_ONCE)
            except NoThreadLeft:
                await asyncio.sleep(0)

    assert await call() == "late"


@contextmanager
def noted(log: list[str]) -> Generator[None]:
    log.append("waits")
    yield
    log.append("begins")


async def queued_behind(threads: Threads, hang: Hang, log: list[str]) -> asyncio.Task[str]:
    """A call that waits for the thread in which another one hangs."""
    first = asyncio.create_task(threads.run(hang, queued=AT_ONCE))
    await hang.begun()
    second = asyncio.create_task(threads.run(lambda: "second", queued=noted(log)))
    await asyncio.sleep(0)  # it begins, and finds no thread
    second.add_done_callback(lambda _: first.cancel())
    return second


async def test_a_call_beyond_the_bound_waits_for_a_thread_and_says_so(hang: Hang) -> None:
    log: list[str] = []
    second = await queued_behind(Threads("f", most_at_once=1), hang, log)
    was_waiting = log == ["waits"]
    hang.let_go()

    assert await second == "second"
    assert was_waiting
    assert log == ["waits", "begins"]


async def test_a_caller_may_leave_the_queue(hang: Hang) -> None:
    threads = Threads("f", most_at_once=1)
    second = await queued_behind(threads, hang, [])
    second.cancel()
    await asyncio.wait((second,))
    hang.let_go()

    assert await threads.run(lambda: "third", queued=AT_ONCE) == "third"


async def test_many_calls_at_once_all_return_and_never_more_than_allowed_run() -> None:
    lock, running, most = threading.Lock(), 0, 0

    def step(change: int) -> None:
        nonlocal running, most
        with lock:
            running += change
            most = max(most, running)

    def function() -> None:
        step(1)
        step(-1)

    threads = Threads("f", most_at_once=4)
    calls: list[Callable[[], None]] = [function] * 200
    await asyncio.gather(*(threads.run(call, queued=AT_ONCE) for call in calls))

    assert 1 <= most <= 4
