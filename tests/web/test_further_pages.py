"""Further pages: dead letters, cost, agents, health and audit in a browser, and the palette that finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.web.test_pages import HOSTILE

if TYPE_CHECKING:
    from playwright.async_api import Request, Route

    from tests.integration.gateway.conftest import Served, Serving
    from tests.web.conftest import Browsing, Tab, Theme

pytestmark = pytest.mark.web
# What `sim/refusals` declines, in whatever order it is asked.
DECLINED = ("Look 1", "Look 5", "Look 6")


async def spawn(served: Served, text: str, **more: object) -> str:
    task = {"agent": "code_reviewer", "text": text, "input": {"code": "x", "language": "python"}}
    _, spawned = await served.post("/runs", {**task, **more})
    return spawned["session_key"]


async def fail(served: Served) -> None:
    """Leave three dead letters of one cause."""
    keys = [
        await spawn(served, text, model="sim/refusals", label=text.replace(" ", "-"))
        for text in DECLINED
    ]
    await served.get(f"/wait?names={','.join(keys)}")


async def seen(tab: Tab, text: str) -> None:
    await tab.page.get_by_text(text).first.wait_for(timeout=20_000)


@pytest.mark.parametrize(("theme", "width"), [("light", 390), ("dark", 1440)])
async def test_no_further_page_complains_asks_others_or_shuts_anybody_out(
    serving: Serving, browsing: Browsing, theme: Theme, width: int
) -> None:
    async with serving() as served, served.worker():
        await fail(served)
        for label in ("one", "two"):
            await spawn(served, f"{label} {HOSTILE}", label=label, model="sim/calm")
        await served.get("/wait?names=one,two")
        async with browsing(served, theme=theme, width=width) as tab:
            faults: dict[str, list[str]] = {}
            wide: list[str] = []
            for route, text in (
                ("#/letters", "sim refused"),
                ("#/letters?agent=nobody", "Nothing matches"),
                ("#/cost", "Each accepted"),
                ("#/cost?by=day&period=all", "Accepted"),
                ("#/agents", "code_reviewer"),
                ("#/cost?by=run", "Ended"),
                ("#/agents/agent/code_reviewer", "Used by"),
                ("#/agents/team/review", "it needs code or diff"),
                ("#/nope", "There is no such page"),
                ("#/agents/team/content", "What needs what"),
                ("#/boards/overview", "failures by agent"),
                ("#/health", "disk"),
                ("#/audit", "Look-1"),
                ("#/compare/one/two", "then: reply"),
                ("#/compare/Look-1/one%231?as=lines", "First divergence"),
            ):
                await tab.open(route)
                await seen(tab, text)
                faults[route] = await tab.faults_of_access()
                if await tab.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    wide.append(route)
            await tab.page.keyboard.press("Control+k")
            await tab.page.keyboard.type("Look")
            await tab.page.locator(".hit mark").first.wait_for(timeout=20_000)
            faults["palette"] = await tab.faults_of_access()

            complaints = [*tab.complaints]  # the browser itself complains of the next one's 404
            await tab.open("#/run/nope")
            await seen(tab, "no session")
            faults["#/run/nope"] = await tab.faults_of_access()

            assert {route: found for route, found in faults.items() if found} == {}
            assert wide == []
            assert complaints == []


async def test_dead_letters_are_run_again_by_key_after_their_price_is_shown(
    serving: Serving, browsing: Browsing
) -> None:
    async with serving() as served, served.worker():
        await fail(served)
        async with browsing(served) as tab:
            await tab.open("#/letters")
            await seen(tab, "sim refused")
            await tab.page.keyboard.press("r")
            await seen(tab, "first calls cost at most")
            _, before = await served.get("/runs")
            await tab.page.get_by_label("Model").fill("sim/calm")
            await tab.page.get_by_role("button", name="Retry 3", exact=True).click()
            await seen(tab, "of 3 run again")
            _, after = await served.get("/runs")

    assert (before["counts"]["total"], after["counts"]["total"]) == (3, 6)


async def test_one_dead_letter_is_dropped_and_the_others_stay(
    serving: Serving, browsing: Browsing
) -> None:
    async with serving() as served, served.worker():
        await fail(served)
        async with browsing(served) as tab:
            await tab.open("#/letters")
            await tab.page.get_by_role("button", name="Drop Look-5").click()
            await tab.page.get_by_role("button", name="Drop 1", exact=True).click()
            await seen(tab, "Dropped 1 dead letter")
            _, left = await served.get("/dead-letters")

    assert sorted(each["label"] for each in left["items"]) == ["Look-1", "Look-6"]


async def lose_answer(route: Route) -> None:
    """Have the gateway do what is asked, and the page not hear of it."""
    await route.fetch()
    await route.abort()


async def test_an_agent_is_started_once_from_a_form_after_its_price_is_shown(
    serving: Serving, browsing: Browsing
) -> None:
    async with serving() as served, served.worker(), browsing(served) as tab:
        await tab.open("#/agents/agent/code_reviewer")
        await tab.page.get_by_label("Task").fill("Look for races")
        await seen(tab, "it needs code or diff")
        await tab.page.get_by_label("code", exact=True).fill("x = 1")
        await seen(tab, "first call at most")
        await tab.page.reload()
        assert await tab.page.get_by_label("Task").input_value() == "Look for races"
        await seen(tab, "first call at most")
        assert tab.complaints == []
        await tab.page.route("**/api/v1/runs", lose_answer, times=1)
        await tab.page.get_by_role("button", name="Start").click()
        await seen(tab, "The gateway cannot be reached")
        await tab.page.get_by_role("button", name="Start").click()
        await seen(tab, "Transcript")
        _, runs = await served.get("/runs")

    assert [each["agent"] for each in runs["items"]] == ["code_reviewer"]


async def test_a_limit_is_set_and_taken_away_while_the_page_is_open(
    serving: Serving, browsing: Browsing
) -> None:
    async with serving() as served, browsing(served) as tab:
        await tab.open("#/health")
        await tab.page.get_by_text("Set a limit for another model").click()
        await tab.page.get_by_label("Model").fill("openai/gpt-5")
        await tab.page.get_by_label("Requests a minute").fill("60")
        await tab.page.get_by_role("button", name="Set", exact=True).click()
        await seen(tab, "0 / 60")
        _, limits = await served.get("/limits")
        await tab.page.get_by_role("button", name="Reset").click()
        await seen(tab, "is forgotten")
        _, left = await served.get("/limits")

    assert [each["requests_per_minute"] for each in limits["items"]] == [60]
    assert left["items"] == []


async def test_the_audit_says_who_decided_and_from_where(
    serving: Serving, browsing: Browsing
) -> None:
    async with serving() as served, served.worker():
        key = await spawn(served, "Look", label="seen")
        await served.get(f"/wait?names={key}")
        async with browsing(served) as tab:
            await tab.open("#/audit?find=gateway")
            row = tab.page.locator("table.audit tbody tr").first
            await row.wait_for(timeout=20_000)
            told = await row.inner_text()

    assert "seen" in told
    assert "gateway (operate token, 127.0.0.1)" in told


async def test_the_palette_opens_what_is_typed_and_sequences_go_to_pages(
    serving: Serving, browsing: Browsing
) -> None:
    async with serving() as served, served.worker(), browsing(served) as tab:
        await spawn(served, "Look", label="needle")
        await seen(tab, "needle")
        await tab.page.keyboard.press("Control+k")
        await tab.page.keyboard.type("needle")
        await tab.page.get_by_role("option").filter(has_text="needle").wait_for(timeout=20_000)
        await tab.page.keyboard.press("Enter")
        await tab.page.get_by_role("combobox").wait_for(state="hidden")
        await seen(tab, "Transcript")
        await tab.page.keyboard.press("Control+k")
        await tab.page.get_by_role("option").first.wait_for()
        await tab.page.keyboard.type("trendy")
        await tab.page.get_by_role("option").first.filter(has_text="trendy").wait_for()
        await tab.page.keyboard.press("Enter")
        await seen(tab, "Its runs")
        for keys, title in (("gd", "Dead letters"), ("gc", "Cost"), ("gh", "Health")):
            for key in keys:
                await tab.page.keyboard.press(key)
            await tab.page.get_by_role("heading", name=title, level=1).wait_for(timeout=20_000)


async def test_a_link_that_only_reads_says_so_and_changes_nothing(
    serving: Serving, browsing: Browsing
) -> None:
    async with serving() as served, served.worker():
        await fail(served)
        await spawn(served, "Look", budget_tokens=5, on_limit="ask", label="asker")
        async with browsing(served) as tab:
            changing: list[str] = []
            tab.page.on("request", lambda told: note_change(told, changing))
            await tab.open(f"#t={served.tokens.read}")
            await seen(tab, "read-only")
            for route, text, name, key in (
                ("#/needs", "leaves no room", "raise by 50,000 tokens", "1"),
                ("#/letters", "sim refused", "Retry all 3", "r"),
                ("#/runs", "asker", "Kill asker", "x"),
                ("#/agents/agent/code_reviewer", "Start it", "Start", "s"),
            ):
                await tab.open(route)
                await seen(tab, text)
                await tab.page.get_by_role("button", name=name, disabled=True).first.wait_for()
                await tab.page.keyboard.press("j")
                await tab.page.keyboard.press(key)
            await tab.page.keyboard.press("Escape")

            assert await tab.page.get_by_text("This link only reads").count() == 1
            assert changing == []
            assert tab.complaints == []


def note_change(told: Request, changing: list[str]) -> None:
    if told.method != "GET":
        changing.append(f"{told.method} {told.url}")


async def test_the_palette_does_what_the_page_at_hand_can_do_and_has_all_that_it_found(
    serving: Serving, browsing: Browsing
) -> None:
    async with serving() as served, browsing(served) as tab:
        keys = [await spawn(served, "Look", label=f"many-{n}") for n in range(10)]
        await tab.open(f"#/session/{keys[0]}")
        await seen(tab, "Transcript")
        await tab.page.keyboard.press("Control+k")
        await tab.page.keyboard.type("kill")
        await tab.page.get_by_role("option").first.filter(has_text="Kill").wait_for()
        await tab.page.keyboard.press("Enter")
        await seen(tab, "would end")
        await tab.page.keyboard.press("Escape")
        await tab.page.get_by_text("would end").wait_for(state="hidden")
        await tab.page.keyboard.press("Control+k")
        await tab.page.get_by_role("option").first.wait_for()
        await tab.page.keyboard.type("many-")
        await tab.page.get_by_role("option").filter(has_text="8 of 10").click()
        await tab.page.get_by_role("option").filter(has_text="many-0").wait_for()


async def test_who_has_no_runs_yet_tries_a_simulated_team(
    serving: Serving, browsing: Browsing
) -> None:
    async with serving() as served, served.worker(), browsing(served) as tab:
        await seen(tab, "No runs yet")
        await tab.page.get_by_role("button", name="Try it").click()
        await tab.page.get_by_role("heading", name="demo", level=1).wait_for(timeout=20_000)
        _, runs = await served.get("/runs")

    assert [(each["label"], each["kind"]) for each in runs["items"]] == [("demo", "team")]
