"""A mailbox keeps each message until it is taken, and one in mode `now` interrupts the call."""

from __future__ import annotations

import asyncio

import pytest

from parallel_agents.core.event import Entry, Event, Finished, Steered, SteerMode
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.run import Outcome, RunStatus
from parallel_agents.engines.mailbox import Mailbox


def message(text: str, mode: SteerMode = SteerMode.NEXT) -> Event:
    body = Steered(text=text, mode=mode, by="user")
    return Event(1, 0.0, SessionKey("s"), RunId("r"), f"steer-{text}", body)


def test_each_message_is_taken_once_and_in_order() -> None:
    mailbox = Mailbox()
    first, second = message("one"), message("two")

    mailbox.receive(first)
    mailbox.receive(second)

    assert mailbox.take_messages() == [Entry(e.key, e.body) for e in (first, second)]
    assert not mailbox.take_messages()


def test_only_messages_are_kept() -> None:
    mailbox = Mailbox()
    ended = Finished(outcome=Outcome(status=RunStatus.DONE))

    mailbox.receive(Event(1, 0.0, SessionKey("s"), RunId("r"), "finished", ended))

    assert not mailbox.take_messages()


@pytest.mark.parametrize("is_early", [True, False])
async def test_waiting_ends_with_a_message_that_was_not_taken(*, is_early: bool) -> None:
    mailbox = Mailbox()

    loop = asyncio.get_running_loop()
    if is_early:
        mailbox.receive(message("one"))
    else:
        loop.call_later(5, mailbox.receive, message("one"))
    async with asyncio.timeout(60):
        await mailbox.wait_message()
    began_after = loop.time()

    assert began_after == pytest.approx(0 if is_early else 5, abs=1)
    assert len(mailbox.take_messages()) == 1


@pytest.mark.parametrize(("mode", "seconds"), [(SteerMode.NOW, 1), (SteerMode.NEXT, 10)])
async def test_only_a_message_in_mode_now_ends_the_block(mode: SteerMode, seconds: float) -> None:
    mailbox = Mailbox()

    loop = asyncio.get_running_loop()
    began = loop.time()
    loop.call_later(1, mailbox.receive, message("stop", mode))
    async with mailbox.interruptible():
        await asyncio.sleep(10)
    found = loop.time() - began

    assert found == pytest.approx(seconds)
    assert len(mailbox.take_messages()) == 1


async def test_a_cancellation_from_elsewhere_passes_through_the_block() -> None:
    mailbox = Mailbox()

    async def call() -> None:
        async with mailbox.interruptible():
            await asyncio.sleep(10)

    task = asyncio.create_task(call())
    await asyncio.sleep(1)
    task.cancel()
    mailbox.receive(message("stop", SteerMode.NOW))
    await asyncio.wait([task])
    cancelled = task.cancelled()

    assert cancelled
