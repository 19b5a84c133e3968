"""Sight: the pages at 200 % zoom, with colours that the system forces, and without movement; and their types."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.web.test_pages import HOSTILE, seen, spawn
from tests.web.test_ui_files import UI

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.integration.gateway.conftest import Serving
    from tests.web.conftest import Browsing, Theme

pytestmark = pytest.mark.web
ROUTES = {
    "#/runs": "wide",
    "#/needs": "Nobody waits for you",
    "#/session/{}": "Copy as Markdown",
    "#/session/{}/prompt": "as it was sent",
    "#/run/{}/timeline": "Problems first",
    "#/run/{}?as=table": "Attempts",
    "#/run/{}/results": "done",
    "#/letters": "Dead letters",
    "#/cost": "Each accepted",
    "#/agents": "code_reviewer",
    "#/agents/agent/code_reviewer": "Its price is shown",
    "#/health": "disk",
    "#/audit": "wide",
}
TYPESCRIPT = Path(__file__).parents[2] / ".cache" / "npm" / "typescript"
# What is wider than the window, and controls that another one covers or that are cut.
_FAULTS = """() => {
  const faults = [];
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) faults.push(`the page is ${document.documentElement.scrollWidth} wide`);
  const named = (node) => `${node.tagName} ${node.className} ${(node.textContent || node.ariaLabel || '').slice(0, 30)}`;
  for (const node of document.querySelectorAll('button, a[href], input, select, textarea')) {
    const box = node.getBoundingClientRect();
    if (!box.width || !node.checkVisibility() || node.closest('.unseen, .skip, .entry-tools, .table-box, .rail')) continue;
    if (box.right > width + 1 || box.left < -1) faults.push(`cut: ${named(node)}`);
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    if (y < 0 || y > innerHeight || x < 0 || x > width) continue;
    const top = document.elementFromPoint(x, y);
    if (top && top !== node && !node.contains(top) && !top.contains(node)) faults.push(`${named(top)} covers ${named(node)}`);
  }
  return faults;
}"""
_WANTED = """() => {
  window.wanted = [...document.querySelectorAll('main button:not([disabled]), main a[href], main input, main select, main textarea, main summary, main [tabindex="0"]')]
    .filter((node) => node.checkVisibility() && node.getBoundingClientRect().width);
  return window.wanted.length + document.querySelectorAll('header button, header a').length;
}"""
_MISSED = """() => window.wanted.filter((node) => node.isConnected && !window.reached.has(node))
  .map((node) => `Tab misses ${node.tagName} ${(node.textContent || '').slice(0, 30)}`)"""
_MOVING = """() => document.getAnimations().filter((each) => each.playState === 'running').length"""


@pytest.fixture
def only_long(pytestconfig: pytest.Config) -> None:
    if not pytestconfig.getoption("--long"):
        pytest.skip("takes many seconds of CPU: --long")


@pytest.mark.parametrize("width", [720, 320])
async def test_at_200_percent_nothing_is_cut_or_covered_and_nothing_moves(
    serving: Serving, browsing: Browsing, width: int, only_long: None
) -> None:
    async with serving() as served, served.worker():
        key = await spawn(served, HOSTILE, label="wide")
        await served.get(f"/wait?names={key}")
        async with browsing(served, width=width) as tab:
            await tab.page.emulate_media(reduced_motion="reduce", forced_colors="active")
            faults: dict[str, list[str]] = {}
            for route, text in ROUTES.items():
                await tab.open(route.format(key))
                await seen(tab, text)
                found = await tab.page.evaluate(_FAULTS)
                moving = await tab.page.evaluate(_MOVING)
                faults[route] = [*found, *([f"{moving} move"] if moving else [])]

    assert [f"{route} {each}" for route, found in faults.items() for each in found] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
async def test_each_page_shuts_nobody_out_and_is_walked_by_keyboard(
    serving: Serving, browsing: Browsing, theme: Theme, width: int, only_long: None
) -> None:
    async with serving() as served, served.worker():
        key = await spawn(served, HOSTILE, label="wide")
        await served.get(f"/wait?names={key}")
        async with browsing(served, theme=theme, width=width) as tab:
            faults: dict[str, list[str]] = {}
            for route, text in ROUTES.items():
                await tab.open(route.format(key))
                await seen(tab, text)
                faults[route] = [*await tab.faults_of_access(), *await not_reached(tab.page)]

    assert {route: found for route, found in faults.items() if found} == {}


async def not_reached(page: Page) -> list[str]:
    """What Tab does not come to, or what shows no sign that it has the focus."""
    await page.evaluate("document.activeElement?.blur(); window.reached = new Set()")
    wanted = await page.evaluate(_WANTED)
    for _ in range(wanted + 5):
        await page.keyboard.press("Tab")
        await page.evaluate("window.reached.add(document.activeElement)")
    return await page.evaluate(_MISSED)


def test_the_page_has_the_types_that_it_says(only_long: None) -> None:
    node = shutil.which("node")
    program = TYPESCRIPT / "node_modules" / "typescript" / "bin" / "tsc"
    if node is None or not program.exists():
        pytest.skip(f"there is no TypeScript: npm install --prefix {TYPESCRIPT} typescript@7")
    done = subprocess.run(
        [node, program, "-p", UI / "tsconfig.json"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stdout
