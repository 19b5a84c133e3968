"""Code that blocks the event loop is named while it blocks."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Generator

import pytest

from parallel_agents.containment.watch import watch_loop


class Heard(logging.Handler):
    """Sets an event at the first record."""

    def __init__(self) -> None:
        super().__init__()
        self.event = threading.Event()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:  # pyright: ignore[reportImplicitOverride]
        self.texts.append(record.getMessage())
        self.event.set()


@pytest.fixture
def heard() -> Generator[Heard]:
    heard, logger = Heard(), logging.getLogger("parallel_agents.containment.watch")
    logger.addHandler(heard)
    yield heard
    logger.removeHandler(heard)


async def blocks(heard: Heard) -> None:
    """An async function that blocks until the warning has been heard."""
    assert heard.event.wait(60)


async def test_what_blocks_the_loop_is_named_once_while_it_blocks(heard: Heard) -> None:
    with watch_loop(0.05):
        await asyncio.sleep(0)
        await blocks(heard)

    (text,) = heard.texts
    assert "by blocks (" in text
    assert "test_watch.py:" in text
