"""Person: somebody at a page, whose keys, clicks and seconds are counted against a target."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.async_api import Locator

from tests.web.conftest import Tab

PATIENCE_MILLISECONDS = 20_000


@dataclass(slots=True)
class Count:
    """What a task took: typing a text is one action, as is a key or a click."""

    actions: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Person:
    """Does what a person does at a page, and counts it."""

    tab: Tab
    count: Count

    async def press(self, *keys: str) -> None:
        """Press keys; a sequence such as `g c` is one action."""
        self.count.actions += 1
        for key in keys:
            await self.tab.page.keyboard.press(key)

    async def write(self, text: str) -> None:
        self.count.actions += 1
        await self.tab.page.keyboard.type(text)

    async def click(self, target: Locator) -> None:
        self.count.actions += 1
        await target.click(timeout=PATIENCE_MILLISECONDS)

    async def choose(self, label: str, value: str) -> None:
        self.count.actions += 1
        await self.tab.page.get_by_label(label).select_option(value)

    async def sees(self, text: str) -> None:
        found = self.tab.page.get_by_text(text).first
        await found.wait_for(timeout=PATIENCE_MILLISECONDS)


@contextmanager
def counting(tab: Tab) -> Generator[Person]:
    """A person at the page; the seconds until the block ends are counted."""
    person = Person(tab, Count())
    began = time.monotonic()
    yield person
    person.count.seconds = time.monotonic() - began
