"""Bad input: a page says clearly what is wrong, stays usable, and executes nothing of it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from asyncio.subprocess import DEVNULL
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.web.test_pages import seen, spawn

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Served, Serving
    from tests.web.conftest import Browsing, Tab

pytestmark = pytest.mark.web
HOUR_MILLISECONDS, DAY_MILLISECONDS = 3_600_000, 86_400_000
# The page's clock is ahead by `window.ahead`.
_CLOCK = """(() => {
  const Real = Date;
  const now = Real.now.bind(Real);
  window.ahead = AHEAD;
  window.Date = class extends Real {
    constructor(...given) { if (given.length) super(...given); else super(now() + window.ahead); }
    static now() { return now() + window.ahead; }
  };
})()"""
HOSTILE = (
    '<img src=x onerror="window.done=1"><script>window.done=1</script><svg onload="window.done=1">',
    "\u202eevil\u202c\u2066 \x1b[31mred [x](javascript:window.done=1) ![z](http://evil.test/a.png)",
    "a" * 900_000,
    "# " + "é😀" * 40_000,
    "\n".join(["x" * 50] * 15_000),
    "`" * 100_000,
    "[" * 50_000 + "](" * 50_000,
    "> " * 40_000,
)
MOST_SOCKETS = 1_000


@pytest.fixture
def only_long(pytestconfig: pytest.Config) -> None:
    if not pytestconfig.getoption("--long"):
        pytest.skip("takes many seconds of CPU: --long")


async def set_clock(tab: Tab, ahead: int) -> None:
    await tab.page.add_init_script(_CLOCK.replace("AHEAD", str(ahead)))
    await tab.page.reload()


async def test_a_wrong_clock_shows_right_times_and_a_pruned_run_is_said_to_be_gone(
    serving: Serving, browsing: Browsing, programs: Path
) -> None:
    async with serving() as served, served.worker(), browsing(served) as tab:
        key = await spawn(served, "Look", label="short")
        await served.get(f"/wait?names={key}")
        await set_clock(tab, -HOUR_MILLISECONDS)
        await seen(tab, "short")
        behind = await tab.page.locator(".run-row").inner_text()
        await set_clock(tab, 2 * HOUR_MILLISECONDS)
        await seen(tab, "short")
        ahead = await tab.page.locator(".run-row").inner_text()
        await tab.open(f"#/session/{key}")
        await seen(tab, "Copy as Markdown")
        await prune(served, programs, "short")
        await seen(tab, "It was removed from the store while it was open")
        await tab.open("#/runs")
        await seen(tab, "No runs yet")

        assert "h" not in behind.replace("short", "").split("sim/calm")[1]
        assert "1h" not in ahead
        assert tab.complaints == []


async def prune(served: Served, programs: Path, name: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(str(programs / "pagents"), "store", "prune", name),
        *("--home", str(served.environment.home)),
        env={"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "HOME": "/nonexistent"},
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    assert await process.wait() == 0


async def test_hostile_text_of_any_size_is_shown_and_neither_executed_nor_frozen(
    serving: Serving, browsing: Browsing, only_long: None
) -> None:
    async with serving() as served, served.worker(), browsing(served) as tab:
        keys = [await spawn(served, text, label=f"bad-{n}") for n, text in enumerate(HOSTILE)]
        await served.get(f"/wait?names={','.join(keys)}")
        slow: list[str] = []
        for key in keys:
            for view in ("session/{}", "session/{}/raw", "session/{}/prompt", "run/{}/events"):
                await tab.open(f"#/{view.format(key)}")
                began = asyncio.get_running_loop().time()
                await tab.page.evaluate("() => new Promise(requestAnimationFrame)")
                await tab.page.wait_for_timeout(300)
                done = await tab.page.evaluate("window.done ?? 0")
                assert done == 0
                if asyncio.get_running_loop().time() - began > 3:
                    slow.append(view)

        assert slow == []
        assert tab.complaints == []


async def test_a_locked_store_is_said_and_the_same_request_counts_once(
    serving: Serving, browsing: Browsing, only_long: None
) -> None:
    async with serving() as served, served.worker(), browsing(served) as tab:
        key = await spawn(served, "Look", label="locked")
        await served.get(f"/wait?names={key}")
        await tab.open(f"#/session/{key}")
        await seen(tab, "Copy as Markdown")
        with closing(sqlite3.connect(served.environment.home / "store.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            await tab.page.get_by_label("Send").fill("More")
            await tab.page.get_by_role("button", name="Send").click()
            await tab.page.get_by_text("was not done after").wait_for(timeout=30_000)
            shown = await tab.page.locator("main").inner_text()
            other.rollback()
        await tab.page.get_by_role("button", name="Send").click()
        await seen(tab, "Stored as the next run")
        _, history = await served.get(f"/runs/{key}/history?after=0&limit=500")

    queued = [each for each in history["items"] if each["event"]["kind"] == "queued"]
    assert "locked" in shown
    assert [each["event"]["text"] for each in queued] == ["Look", "More"]


async def test_the_page_works_when_a_thousand_sockets_are_taken(
    serving: Serving, browsing: Browsing, only_long: None
) -> None:
    async with serving() as served, served.worker():
        protocols = ("pagents.v1", f"bearer.{served.tokens.operate}")
        async with aiohttp.ClientSession(
            served.url, connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(None)
        ) as http:
            opened = [
                await http.ws_connect("/api/v1/live", protocols=protocols)
                for _ in range(MOST_SOCKETS)
            ]
            await still_works(served, browsing)
            for each in opened:
                await each.close()


async def still_works(served: Served, browsing: Browsing) -> None:
    async with browsing(served) as tab:
        await seen(tab, "live, every 2 s")
        await spawn(served, "Look", label="in-a-crowd")
        await seen(tab, "in-a-crowd")


async def set_state(tab: Tab, state: str) -> None:
    devtools: Any = await tab.page.context.new_cdp_session(tab.page)
    await devtools.send("Page.setWebLifecycleState", {"state": state})


async def test_a_page_that_slept_for_a_day_shows_what_is_now(
    serving: Serving, browsing: Browsing, only_long: None
) -> None:
    async with serving() as served, served.worker(), browsing(served) as tab:
        await set_clock(tab, 0)
        await seen(tab, "No runs yet")
        await set_state(tab, "frozen")
        key = await spawn(served, "Look", label="meanwhile")
        await served.get(f"/wait?names={key}")
        await set_state(tab, "active")
        await tab.page.evaluate(f"window.ahead = {DAY_MILLISECONDS}")
        await seen(tab, "meanwhile")
        await tab.page.locator(".chip.is-live").wait_for(timeout=20_000)
        told = await tab.page.locator(".run-row").inner_text()

    assert "d" not in told.split("sim/calm")[1]
