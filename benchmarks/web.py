"""The page in headless Chromium: how late it shows events, how it draws a large run, what 20 tabs cost.

python -m benchmarks.web
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.filled import _OWNER, _replied, session_plan, team_plans
from benchmarks.gateway import cpu_seconds, free_port, rss_megabytes, until_first_answer
from parallel_agents.core.event import Entry, ToolFinished, ToolStarted
from parallel_agents.core.message import Message, Role, ToolCall, ToolResult, assistant
from parallel_agents.core.owner import Owner
from parallel_agents.core.tool import Effect
from parallel_agents.stores.sqlite import SqliteStore

SESSIONS, TURNS = 1_000, 30  # 60 bars each: a model call and a tool call in each turn
WORKING, SECONDS, TABS = 200, 12.0, 20
_PROBE_SECONDS, _TICK = 0.1, 0.05
# Notes when a row with a label of its own is painted; the label says when it was written.
_NOTE = """() => {
  window.lags = [];
  const seen = new Set();
  const look = () => {
    const names = [...document.querySelectorAll('.run-name b')].map((node) => node.textContent);
    const fresh = names.filter((name) => name.startsWith('probe-') && !seen.has(name));
    for (const name of fresh) seen.add(name);
    if (fresh.length) requestAnimationFrame(() => {
      for (const name of fresh) window.lags.push(Date.now() - Number(name.slice(6)));
    });
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""
_SCROLL = """async (selector) => {
  const box = document.querySelector(selector) ?? document.scrollingElement;
  const times = [];
  let last = await new Promise(requestAnimationFrame);
  for (let n = 0; n < 200; n += 1) {
    box.scrollTop += 60;
    const at = await new Promise(requestAnimationFrame);
    times.push(at - last);
    last = at;
  }
  return times;
}"""


class Served(NamedTuple):
    """A gateway that runs as a process of its own."""

    address: str
    token: str
    process: int

    @property
    def link(self) -> str:
        return f"{self.address}/#t={self.token}"


class Row(NamedTuple):
    what: str
    measured: str
    goal: str


@contextmanager
def serving(home: Path) -> Iterator[Served]:
    port = free_port()
    command = [sys.executable, "-m", "parallel_agents", "serve", "--port", str(port)]
    with subprocess.Popen(
        [*command, "--home", str(home)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        token = until_first_answer(port, home)
        yield Served(f"http://127.0.0.1:{port}", token, process.pid)
        process.terminate()


async def fill(path: Path) -> str:
    """A team of a thousand sessions with sixty bars each; its key."""
    store = await SqliteStore.open(path)
    await store.heartbeat(Owner(id=_OWNER, host="here", pid=1))
    team, *tasks = team_plans(0, SESSIONS)
    await store.spawn([team, *tasks])
    await store.claim(team.run, _OWNER)
    for plan in tasks:
        await store.claim(plan.run, _OWNER)
        await store.append(plan.run, 1, [entry for turn in range(TURNS) for entry in _turn(turn)])
    await store.aclose()
    return str(team.session.key)


def _turn(turn: int) -> list[Entry]:
    call = ToolCall(f"call-{turn}", "file", {"page": turn})
    result = ToolResult(call.id, "file", "filed")
    started = ToolStarted(turn=turn, call=call, effect=Effect.ONCE, number=1)
    finished = ToolFinished(turn=turn, result=result, seconds=0.1, number=1)
    return [
        _replied(turn, Message(Role.ASSISTANT, (call,))),
        Entry(f"turn-{turn}/call/1/started", started),
        Entry(f"turn-{turn}/call-1", finished),
    ]


async def feed(path: Path, rate: int, seconds: float) -> None:
    """Write so many events a second into sessions that work, and a probe ten times a second."""
    store = await SqliteStore.open(path)
    await store.heartbeat(Owner(id=_OWNER, host="here", pid=1))
    plans = [session_plan(f"work {number}") for number in range(WORKING)]
    await store.spawn(plans)
    for plan in plans:
        await store.claim(plan.run, _OWNER)
    print("ready", flush=True)
    began, written, probes = time.monotonic(), 0, 0
    while (passed := time.monotonic() - began) < seconds:
        due = int(rate * passed) - written
        runs = [plans[(written + n) % WORKING].run for n in range(due)]
        await asyncio.gather(
            *(
                store.append(run, 1, [_replied(written + n, assistant("filed"))])
                for n, run in enumerate(runs)
            )
        )
        written += due
        if passed > probes * _PROBE_SECONDS:
            probes += 1
            await _probe(store)
        await asyncio.sleep(_TICK)
    print(written, flush=True)
    await store.aclose()


async def _probe(store: SqliteStore) -> None:
    plan = session_plan("probe")
    label = f"probe-{time.time() * 1000:.0f}"
    await store.spawn([replace(plan, session=replace(plan.session, label=label))])


@contextmanager
def feeding(home: Path, rate: int) -> Iterator[None]:
    """Another process that writes, from its first event until it has ended."""
    command = [sys.executable, "-m", "benchmarks.web", "--feed", str(home), str(rate)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.wait(SECONDS * 4)


def event_to_pixel(browser: Browser, rate: int) -> Row:
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as served:
        page = opened(browser, served, "")
        page.wait_for_selector("main h1")
        page.evaluate(_NOTE)
        with feeding(Path(folder), rate):
            pass
        page.wait_for_timeout(2000)
        lags = page.evaluate("window.lags")
        page.close()
    what = f"event to pixel, {rate:,} events a second, {len(lags)} probes, p50 and p95"
    goal = "p50 <= 100 ms, p95 <= 300 ms" if rate == 200 else "p95 <= 500 ms"
    return Row(what, f"{middle(lags):.0f} ms, {slow(lags):.0f} ms", goal)


def large_run(browser: Browser, served: Served, key: str) -> list[Row]:
    began = time.monotonic()
    page = opened(browser, served, f"#/run/{key}/timeline")
    page.wait_for_selector(".counts button")
    page.wait_for_selector(".lanes canvas")
    first = time.monotonic() - began
    page.wait_for_load_state("networkidle", timeout=120_000)
    whole = time.monotonic() - began
    page.locator(".lanes canvas").click(position={"x": 60, "y": 36})  # unfolds the group
    page.wait_for_timeout(1000)
    frames = page.evaluate(_SCROLL, ".lanes")
    nodes = page.evaluate("document.querySelectorAll('*').length")
    page.close()
    return [
        Row("first paint of 1,000 sessions with 60,000 bars", f"{first:.2f} s", "<= 1.5 s"),
        Row("the same, until all of it is there", f"{whole:.2f} s", ""),
        Row("nodes of that page", f"{nodes:,}", "<= 2,500"),
        Row(
            "a frame while its 1,000 lanes scroll, p50 and p95",
            f"{middle(frames):.1f} ms, {slow(frames):.1f} ms",
            "p50 <= 17 ms, p95 <= 80 ms without a GPU",
        ),
    ]


def many_tabs(browser: Browser) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as served:
        pages = [opened(browser, served, "") for _ in range(TABS)]
        for page in pages:
            page.wait_for_selector("main h1")
        with feeding(Path(folder), 200):
            before, began = cpu_seconds(served.process), time.monotonic()
            time.sleep(SECONDS - 2)
            used = (cpu_seconds(served.process) - before) / (time.monotonic() - began)
        live = sum("live" in page.locator(".chip").inner_text() for page in pages)
        memory = rss_megabytes(served.process)
        for page in pages:
            page.close()
    what = f"{live} of {TABS} tabs are live at 200 events a second: the gateway's CPU"
    return [
        Row(what, f"{used:.0%} of a core", "<= 25 %"),
        Row("its memory then", f"{memory:.0f} MB", ""),
    ]


def report(browser: Browser, home: Path, key: str) -> list[Row]:
    target = home / "report.html"
    command = [sys.executable, "-m", "parallel_agents", "export", key, "--html", "-o", str(target)]
    began = time.monotonic()
    subprocess.run([*command, "--home", str(home)], check=True, capture_output=True)
    seconds, size = time.monotonic() - began, target.stat().st_size
    page = browser.new_page()
    began = time.monotonic()
    page.goto(target.as_uri())
    shown = time.monotonic() - began
    page.close()
    return [
        Row("the HTML file of it", f"{size / 1e6:.2f} MB after {seconds:.1f} s", "<= 1.5 MB"),
        Row("it opens", f"{shown:.2f} s", "<= 1 s"),
    ]


def opened(browser: Browser, served: Served, route: str) -> Page:
    """A page with the token, at a route."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(served.link)
    if route:
        page.goto(f"{served.address}/{route}")
    return page


def middle(values: list[float]) -> float:
    return statistics.median(values)


def slow(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--feed", nargs=2, metavar=("HOME", "RATE"), help="write events")
    given = parser.parse_args()
    if given.feed:
        home, rate = given.feed
        asyncio.run(feed(Path(home) / "store.db", int(rate), SECONDS))
        return
    with tempfile.TemporaryDirectory() as folder:
        key = asyncio.run(fill(Path(folder) / "store.db"))
        rows = measured(Path(folder), key)
    print("| what | measured | goal |\n| --- | --- | --- |")
    for row in rows:
        print(f"| {row.what} | {row.measured} | {row.goal} |")


def measured(home: Path, key: str) -> list[Row]:
    with sync_playwright() as program:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = program.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        rows = [event_to_pixel(browser, rate) for rate in (200, 1_000)]
        with serving(home) as served:
            rows += large_run(browser, served, key)
        rows += report(browser, home, key)
        rows += many_tabs(browser)
        browser.close()
    return rows


if __name__ == "__main__":
    main()
