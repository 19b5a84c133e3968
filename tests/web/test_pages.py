"""Pages: what a person sees and does in a browser, on a real gateway with a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import parallel_agents as pa
from parallel_agents.app.opening import open_app
from parallel_agents.app.parts import Parts
from parallel_agents.core.message import Role, ToolCall
from parallel_agents.testing import Answer, RepliesWith
from tests.integration.gateway.test_gateway import queued

if TYPE_CHECKING:
    from parallel_agents.core.model import ModelRequest
    from tests.integration.gateway.conftest import Served, Serving
    from tests.web.conftest import Browsing, Tab, Theme

pytestmark = pytest.mark.web
HOSTILE = (
    "<img src=x onerror=alert(1)> \u202eevil\u202c \x1b[31mred **bold** [x](javascript:alert(1))"
)


async def spawn(served: Served, text: str, **more: object) -> str:
    task = {"agent": "code_reviewer", "text": text, "input": {"code": "x", "language": "python"}}
    _, spawned = await served.post("/runs", {**task, **more})
    return spawned["session_key"]


async def seen(tab: Tab, text: str) -> None:
    await tab.page.get_by_text(text).first.wait_for(timeout=20_000)


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
async def test_no_page_complains_asks_others_or_shuts_anybody_out(
    serving: Serving, browsing: Browsing, theme: Theme, width: int
) -> None:
    async with serving() as served, served.worker():
        key = await spawn(served, HOSTILE, label="hostile", budget_tokens=90_000, tags=["nightly"])
        await served.get(f"/wait?names={key}")
        async with browsing(served, theme=theme, width=width) as tab:
            faults: dict[str, list[str]] = {}
            for route, text in (
                ("#/runs", "hostile"),
                (f"#/session/{key}", "Copy as Markdown"),
                (f"#/session/{key}/prompt", "as it was sent"),
                (f"#/session/{key}/raw", "Copy as JSON lines"),
                (f"#/run/{key}", "of 90k tokens"),
                (f"#/run/{key}?as=table", "Attempts"),
                (f"#/run/{key}/results", "done"),
                (f"#/run/{key}/changes", "No changes"),
                ("#/needs", "Nobody waits for you"),
            ):
                await tab.open(route)
                await seen(tab, text)
                faults[route] = await tab.faults_of_access()

            assert {route: found for route, found in faults.items() if found} == {}
            assert tab.complaints == []


async def test_what_a_model_or_person_wrote_is_shown_as_text(
    serving: Serving, browsing: Browsing
) -> None:
    async with serving() as served, served.worker():
        key = await spawn(served, HOSTILE)
        async with browsing(served) as tab:
            await tab.open(f"#/session/{key}")
            await seen(tab, "<img src=x onerror=alert(1)>")
            shown = await tab.page.locator("main").inner_text()
            images = await tab.page.locator("main img").count()
            links = await tab.page.locator('a[href^="javascript"]').count()
            strong = await tab.page.locator(".markdown strong").first.inner_text()

    assert (images, links, strong) == (0, 0, "bold")
    assert "\u202e" not in shown
    assert "\x1b" not in shown


async def test_a_run_appears_and_ends_on_the_page_without_a_reload(
    serving: Serving, browsing: Browsing
) -> None:
    async with serving() as served, served.worker(), browsing(served) as tab:
        await seen(tab, "No runs yet")
        await spawn(served, "Look", label="from-elsewhere")
        await seen(tab, "from-elsewhere")
        await tab.page.locator(".run-row .state.is-done").wait_for(timeout=20_000)


async def test_the_keyboard_opens_a_run_and_comes_back(
    serving: Serving, browsing: Browsing
) -> None:
    async with serving() as served, served.worker(), browsing(served) as tab:
        await spawn(served, "Look", label="first")
        await seen(tab, "first")
        await tab.page.keyboard.press("j")
        await tab.page.locator(".run-row.is-current").wait_for()
        await tab.page.keyboard.press("o")
        await seen(tab, "Transcript")
        await tab.page.keyboard.press("g")
        await tab.page.keyboard.press("i")
        await seen(tab, "Nobody waits for you")
        await tab.page.keyboard.press("?")
        await tab.page.get_by_role("dialog").wait_for()


async def test_a_question_is_answered_by_a_number_key_on_a_phone(
    serving: Serving, browsing: Browsing
) -> None:
    async with serving() as served, served.worker():
        key = await spawn(served, "Look", budget_tokens=5, on_limit="ask")
        async with browsing(served, width=390) as tab:
            await tab.open("#/needs")
            await tab.page.locator(".question.is-current").wait_for(timeout=20_000)
            faults = await tab.faults_of_access()
            await tab.page.keyboard.press("1")
            await seen(tab, "Answered today")
            await seen(tab, "ana, gateway (operate token")
            _, audit = await served.get(f"/audit?in={key}")

            assert faults == []
            assert any("gateway (operate token" in each["who"] for each in audit["items"])
            assert tab.complaints == []


async def test_a_queued_run_is_killed_after_a_preview(serving: Serving, browsing: Browsing) -> None:
    async with serving() as served, browsing(served) as tab:
        await queued(served)
        await tab.page.locator(".run-row").wait_for()
        await tab.page.keyboard.press("j")
        await tab.page.locator(".run-row.is-current").wait_for()
        await tab.page.keyboard.press("x")
        await seen(tab, "would end now")
        await tab.page.get_by_role("button", name="Kill 1").click()
        await seen(tab, "Killed 1 run")


async def test_a_button_pauses_a_run_and_lets_it_go_on(
    serving: Serving, browsing: Browsing
) -> None:
    async with serving() as served, browsing(served) as tab:
        key = await queued(served)
        await tab.open(f"#/run/{key}")
        await tab.page.get_by_role("button", name="‖ Pause").click()
        await tab.page.locator(".state.is-paused").first.wait_for()
        await tab.page.get_by_role("button", name="▶ Unpause").click()
        await tab.page.get_by_role("button", name="‖ Pause").wait_for()

        assert tab.complaints == []


async def test_a_conversation_is_forked_at_a_message_on_a_phone(
    serving: Serving, browsing: Browsing
) -> None:
    async with serving() as served, served.worker():
        served.add_greeter()
        _, first = await served.post("/runs", {"agent": "greeter", "text": "Hi", "label": "hi"})
        await served.get(f"/wait?names={first['id']}")
        async with browsing(served, width=390) as tab:
            await tab.open(f"#/session/{first['session_key']}")
            await tab.page.get_by_role("button", name="Fork here").nth(1).click(timeout=20_000)
            await seen(tab, "answer turn 1 anew")
            await tab.page.get_by_label("Say next").fill("In <b>French</b>")
            await seen(tab, "Its first call costs at most")
            faults = await tab.faults_of_access()
            await tab.page.get_by_role("button", name="Fork", exact=True).click()
            await seen(tab, "2 messages copied")
            await seen(tab, "hi, after turn 1")
            shown = await tab.page.locator("main").inner_text()
            await tab.page.keyboard.press("f")
            await tab.page.get_by_role("dialog").wait_for()

        assert faults == []
        assert "In <b>French</b>" in shown
        assert tab.complaints == []


async def test_a_result_is_edited_in_a_fork(serving: Serving, browsing: Browsing) -> None:
    def looks(request: ModelRequest) -> Answer:
        is_task = request.messages[-1].role is Role.USER
        return (ToolCall("c", "list_files", {"path": "."}),) if is_task else "done"

    model = RepliesWith(looks, "scripted/model")
    agent = pa.Agent(name="looker", description="", instructions="Look.", tools=("list_files",))
    async with serving() as served:
        parts = Parts(models={"scripted": lambda _: model})
        async with open_app(served.environment, served.settings, parts) as app:
            task = pa.Task(agent, "Look.", model="scripted/model", label="looks")
            spawned = await app.sessions.spawn(task)
            await app.sessions.wait([spawned.run_id])
        async with served.worker(), browsing(served) as tab:
            await tab.open(f"#/session/{spawned.session_key}")
            await tab.page.get_by_role("button", name="Edit in a fork").click(timeout=20_000)
            await seen(tab, "with another result in turn 1")
            await tab.page.get_by_label("Result of list_files").fill("No <b>files</b>")
            await tab.page.get_by_label("Model").fill("sim/calm")
            faults = await tab.faults_of_access()
            await tab.page.get_by_role("button", name="Fork", exact=True).click()
            await seen(tab, "looks, after turn 1, with another result of call 1 (list_files)")
            await seen(tab, "2 messages copied")
            _, rows = await served.get("/runs?limit=1")

        assert rows["items"][0]["forked_from"]["edited"] == {"call": 1, "tool": "list_files"}
        assert faults == []
        assert tab.complaints == []


async def test_a_wrong_token_is_said_and_not_tried_again(
    serving: Serving, browsing: Browsing
) -> None:
    async with serving() as served, browsing(served) as tab:
        await tab.open("#t=wrong")
        await tab.page.reload()
        await seen(tab, "This page needs the token of its gateway")
        await tab.page.get_by_label("Token").fill(served.tokens.operate)
        await tab.page.get_by_role("button", name="Use it").click()
        await seen(tab, "No runs yet")
