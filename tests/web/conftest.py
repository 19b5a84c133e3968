"""What the tests of the page share: a browser, and a gateway that serves a home on loopback."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, ConsoleMessage, Error, Page, Request, async_playwright

from tests.integration.gateway.conftest import Served, serving

__all__ = ("serving",)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
_RUN_AXE = "async () => (await axe.run()).violations.map(v => v.id + ': ' + v.nodes.map(n => n.target).join(' '))"


@dataclass(slots=True)
class Tab:
    """A page in a browser, and what it complained of."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list[str])

    async def open(self, route: str) -> None:
        await self.page.goto(f"{self.address}/{route}")

    async def faults_of_access(self) -> list[str]:
        """What axe finds on the page that is shown."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE)
        return await self.page.evaluate(_RUN_AXE)


Theme = Literal["light", "dark"]
Browsing = Callable[..., AbstractAsyncContextManager[Tab]]


@pytest.fixture(scope="session")
def browser(runner: asyncio.Runner) -> Iterator[Browser]:
    """One browser for all tests of a process: to start it takes as long as to use it."""
    file = chromium()
    program = runner.run(async_playwright().start())
    browser = runner.run(program.chromium.launch(executable_path=file, args=["--no-sandbox"]))
    yield browser
    runner.run(browser.close())
    runner.run(program.stop())


@pytest.fixture
def browsing(browser: Browser) -> Browsing:
    """A browser with the page of a gateway, in a theme and a width."""

    @asynccontextmanager
    async def browse(
        served: Served, *, theme: Theme = "light", width: int = 1440
    ) -> AsyncGenerator[Tab]:
        address = str(served.http._base_url).rstrip("/")  # pyright: ignore[reportPrivateUsage] - it has no public name
        context = await browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme
        )
        tab = Tab(await context.new_page(), address)
        note_complaints(tab)
        await tab.open(f"#t={served.tokens.operate}")
        yield tab
        await context.close()

    return browse


def chromium() -> str:
    """The path of the browser; without one the test is skipped, and in CI it fails."""
    if CHROMIUM is not None:
        return CHROMIUM
    if os.environ.get("CI"):
        pytest.fail("there is no Chromium: apt-get install chromium")
    pytest.skip("there is no Chromium: apt-get install chromium")


def note_complaints(tab: Tab) -> None:
    own = (tab.address, tab.address.replace("http", "ws"), "data:")

    def on_console(said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            tab.complaints.append(said.text)

    def on_error(error: Error) -> None:
        tab.complaints.append(str(error))

    def on_request(request: Request) -> None:
        if not request.url.startswith(own):
            tab.complaints.append(f"asks {request.url}")

    tab.page.on("console", on_console)
    tab.page.on("pageerror", on_error)
    tab.page.on("request", on_request)
