"""The page of a run: it opens where one looks first, answers, runs again, replays, and keeps its view in the address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.web.test_pages import seen, spawn

if TYPE_CHECKING:
    from playwright.async_api import Route

    from tests.integration.gateway.conftest import Served, Serving
    from tests.web.conftest import Browsing, Tab

FIRST = {"answer": "finish"}
pytestmark = pytest.mark.web
_PLAN = """
name: launch
description: Writes.
tasks:
  - {agent: greeter, label: facts, text: Look 1}
  - {agent: greeter, label: posts, needs: [facts], for_each: [a, b], text: "${item}"}
"""


async def begin(served: Served, model: str) -> str:
    """A team whose tasks need each other, until it has ended; its first step fails on `sim/refusals`."""
    served.add_greeter()
    teams = served.environment.home / "teams"
    teams.mkdir()
    (teams / "launch.yaml").write_text(_PLAN)
    status, begun = await served.post("/runs", {"team": "launch", "model": model})
    assert status in (200, 201), begun
    is_live = True
    while is_live:  # a wait has an end of its own, and the machine may be busy
        _, waited = await served.get(f"/wait?names={begun['session_key']}")
        is_live = bool(waited["live"])
    return begun["session_key"]


async def shows(tab: Tab, route: str) -> None:
    """The address has this part, once the page has written it."""
    await tab.page.wait_for_url(re.compile(re.escape(route)), timeout=20_000)


async def test_a_failed_run_opens_at_its_first_failure_and_is_run_again_after_the_price(
    serving: Serving, browsing: Browsing
) -> None:
    async with serving() as served, served.worker():
        key = await begin(served, "sim/refusals")
        async with browsing(served) as tab:
            await tab.open(f"#/run/{key}")
            panel = tab.page.get_by_role("region", name="What failed")
            await panel.get_by_text("sim refused").wait_for(timeout=20_000)
            await panel.get_by_role("button", name=re.compile(r"Retry… ≤ ")).wait_for()
            await tab.page.locator(".pane .entry").first.wait_for()
            faults = await tab.faults_of_access()
            await tab.page.keyboard.press("r")
            await seen(tab, "first calls cost at most")
            await tab.page.keyboard.press("Escape")
            await panel.get_by_role("link", name="Its transcript").click()
            await tab.page.get_by_label("Find in the transcript").wait_for()
            told = tab.page.locator("main .trouble", has_text="sim refused").first
            await told.wait_for(timeout=20_000)
            first = await told.inner_text()

            assert faults == []
            assert first.startswith("sim refused")
            assert tab.complaints == []


async def test_a_done_run_opens_on_its_results_draws_its_plan_and_keeps_its_view_in_the_address(
    serving: Serving, browsing: Browsing
) -> None:
    async with serving() as served, served.worker():
        key = await begin(served, "sim/calm")
        async with browsing(served, theme="dark") as tab:
            await tab.open(f"#/run/{key}")
            await tab.page.locator(".results article").first.wait_for(timeout=20_000)
            await step_shows_its_sessions(tab)
            await view_survives_a_reload(tab, key)
            await replay_shows_an_earlier_moment(tab)

            assert tab.complaints == []


async def step_shows_its_sessions(tab: Tab) -> None:
    """The steps that were begun, and the plan with how its steps did; one of them filters the timeline."""
    await tab.page.get_by_role("link", name="Steps", exact=True).click()
    await tab.page.get_by_role("link", name="facts", exact=True).wait_for()
    await tab.page.get_by_role("link", name="Graph").click()
    await tab.page.locator(".graph-who", has_text="done · ✔2").wait_for()
    faults = await tab.faults_of_access()
    await tab.page.get_by_role("button", name="posts").click()
    await shows(tab, "/timeline?step=posts")
    await tab.page.locator(".lanes").wait_for(timeout=20_000)  # until then no key means anything
    await tab.page.keyboard.press("v")
    await seen(tab, "posts-1")
    table = await tab.page.locator(".table-box").inner_text()

    assert faults == []
    assert "facts" not in table


async def view_survives_a_reload(tab: Tab, key: str) -> None:
    await tab.open(f"#/run/{key}/timeline")
    await tab.page.locator(".lanes").wait_for(timeout=20_000)
    for pressed in ("!", "c", "w", "b", "+"):
        await tab.page.keyboard.press(pressed)
    await shows(tab, "to=")
    address = tab.page.url
    await tab.page.reload()
    chosen = tab.page.locator('.lanes-tools [aria-pressed="true"]')
    await chosen.nth(2).wait_for(timeout=20_000)

    assert all(part in address for part in ("first=problems", "path=critical", "by=tier"))
    assert await chosen.all_inner_texts() == ["! Problems first", "Critical path", "Short waits"]


async def replay_shows_an_earlier_moment(tab: Tab) -> None:
    await tab.page.get_by_label("Moment of the run").fill("0")
    await shows(tab, "at=0")
    await tab.page.keyboard.press("Escape")
    await tab.page.keyboard.press("v")
    rows = tab.page.locator("tbody tr")
    await rows.first.wait_for()
    # The table has all rows until what happened was read once more.
    await rows.filter(has_text="posts-2").wait_for(state="detached", timeout=20_000)
    then = await rows.count()
    await tab.page.get_by_role("button", name="to the end").click()
    await seen(tab, "posts-2")

    assert then < await rows.count()
    assert await tab.faults_of_access() == []


async def test_a_question_is_answered_beside_the_run_that_asks_it(
    serving: Serving, browsing: Browsing
) -> None:
    async with serving() as served, served.worker():
        key = await spawn(served, "Look", budget_tokens=5, on_limit="ask", label="asker")
        async with browsing(served) as tab:
            await tab.open(f"#/run/{key}")
            await tab.page.locator("button.need").wait_for(timeout=20_000)
            await tab.page.keyboard.press("a")
            await tab.page.locator(".pane .question.is-current").wait_for()
            faults = await tab.faults_of_access()
            await tab.page.keyboard.press("4")
            await tab.page.locator(".pane .question").wait_for(state="detached", timeout=20_000)
            _, audit = await served.get(f"/audit?in={key}")

            assert faults == []
            assert any("gateway (operate token" in each["who"] for each in audit["items"])
            assert tab.complaints == []


async def test_an_answer_that_comes_too_late_is_told_until_it_was_seen(
    serving: Serving, browsing: Browsing
) -> None:
    async with serving() as served, served.worker():
        await spawn(served, "Look", budget_tokens=5, on_limit="ask", label="asker")
        async with browsing(served) as tab:

            async def answer_first(route: Route) -> None:
                await served.post(
                    f"/questions{route.request.url.partition('/questions')[2]}", FIRST
                )
                await route.continue_()

            await tab.page.route("**/answer", answer_first)
            await tab.open("#/needs")
            await tab.page.locator(".question.is-current").wait_for(timeout=20_000)
            await tab.page.keyboard.press("4")
            await seen(tab, "answered 'finish'; yours, “stop now”, was not taken")
            await tab.page.locator(".question").wait_for(state="detached", timeout=20_000)
            await tab.page.get_by_role("button", name="I have seen it").click()
            await tab.page.locator(".is-lost").wait_for(state="detached")
