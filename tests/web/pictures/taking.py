"""Taking: each picture of the page, at a desk and on a phone, once what it shows is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.async_api import Page, async_playwright

from tests.integration.gateway.conftest import Served
from tests.web.conftest import chromium
from tests.web.pictures.day import Day, begin_afternoon, fill
from tests.web.pictures.palette import reduced

_PATIENCE_MILLISECONDS = 20_000
_HEIGHT = {1440: 860, 390: 844}
_README = (1440, 760)


class Picture(NamedTuple):
    """What a picture shows: `route` is filled with keys of sessions, and `shows` is a selector of what it waits for."""

    name: str
    route: str
    shows: str
    then: Callable[[Page], Awaitable[None]] | None = None


async def _fork(page: Page) -> None:
    await page.get_by_role("button", name="Fork here").nth(1).click()
    await page.get_by_label("Say next").fill("Write them for the newsletter.")
    await _seen(page, "text=Its first call costs at most")


async def _merge(page: Page) -> None:
    await page.get_by_role("button", name="Merge…").click()
    await _seen(page, "text=would change in")


async def _palette(page: Page) -> None:
    await page.keyboard.press("Control+k")
    await page.keyboard.type("basket")
    await _seen(page, ".hit mark")


PICTURES = (
    Picture("runs", "#/runs", ".run-row"),
    Picture("run", "#/run/{team}/timeline", ".lanes"),
    Picture("graph", "#/run/{graph}/graph", ".graph-who"),
    Picture("results", "#/run/{team}/results", ".results article"),
    Picture("changes", "#/run/{changes}/changes", "text=Merge…"),
    Picture("merge", "#/run/{changes}/changes", "text=Merge…", _merge),
    Picture("compare", "#/compare/{yesterday}/{today}", ".first ins"),
    Picture("session", "#/session/{live}", "text=is writing"),
    Picture("fork", "#/session/{talk}", "text=Fork here", _fork),
    Picture("needs", "#/needs", ".question.is-current"),
    Picture("letters", "#/letters", "text=Retry all"),
    Picture("cost", "#/cost", "text=Each accepted"),
    Picture("agents", "#/agents", "text=page_reviewer"),
    Picture("team", "#/agents/team/launch", "text=What needs what"),
    Picture("health", "#/health", "text=disk"),
    Picture("audit", "#/audit", "table.audit tbody tr"),
    Picture("boards", "#/boards/overview", "text=failures by agent"),
    Picture("palette", "#/runs", ".run-row", _palette),
)


async def take_all(folder: Path, into: Path) -> dict[str, int]:
    """Fill a home in `folder`, and put its pictures into `into`; their sizes in bytes, by name."""
    day = Day(folder)
    shown = await fill(day)
    sizes: dict[str, int] = {}
    async with day.at(0) as served:
        shown |= await begin_afternoon(served)
        for width, height in _HEIGHT.items():
            async with browsing(served, width, height) as page:
                for picture in PICTURES:
                    file = into / "dashboard" / f"{picture.name}-{width}.png"
                    sizes[file.name] = await take(page, served, picture, shown, file)
        readme = Picture("dashboard", "#/run/{team}/timeline", ".lanes", _writer_beside)
        async with browsing(served, *_README) as page:
            file = into / "dashboard.png"
            sizes[file.name] = await take(page, served, readme, shown, file)
        await served.post(f"/runs/{shown['live']}/kill", {})
    return sizes


async def _writer_beside(page: Page) -> None:
    await page.mouse.click(110, 402)
    await _seen(page, ".pane .entry")


@asynccontextmanager
async def browsing(served: Served, width: int, height: int) -> AsyncGenerator[Page]:
    """The page in the light theme, with times in UTC and without movement."""
    async with async_playwright() as program:
        browser = await program.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--hide-scrollbars"]
        )
        context = await browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="light",
            reduced_motion="reduce",
            timezone_id="UTC",
            locale="en-GB",
        )
        page = await context.new_page()
        page.set_default_timeout(_PATIENCE_MILLISECONDS)
        await page.goto(f"{served.url}/#t={served.tokens.operate}")
        await _seen(page, ".run-row")
        yield page
        await browser.close()


async def take(
    page: Page, served: Served, picture: Picture, shown: Mapping[str, str], file: Path
) -> int:
    await page.goto("about:blank")  # so that nothing of the picture before is open
    await page.goto(f"{served.url}/{picture.route.format(**shown)}")
    await _seen(page, picture.shows)
    if picture.then is not None:
        await picture.then(page)
    await page.wait_for_load_state("networkidle")
    plain = await page.screenshot(animations="disabled", caret="hide")
    await page.goto("about:blank")
    small = await reduced(page, plain)
    await asyncio.to_thread(file.write_bytes, small)
    return len(small)


async def _seen(page: Page, selector: str) -> None:
    await page.locator(selector).first.wait_for()
