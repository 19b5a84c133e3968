"""An exported page opens from disk: the pages of the dashboard, of what is in the file, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from parallel_agents.views.exports.tree import ExportForm
from tests.unit.views.exports.sample import exported
from tests.web.conftest import Tab, note_complaints

MOST_BYTES = 240_000  # of a run of three sessions

pytestmark = pytest.mark.web


async def opened(
    found: Browser, file: Path, *, has_scripts: bool = True, lacks: str = "none"
) -> Tab:
    context = await found.new_context(java_script_enabled=has_scripts)
    await context.add_init_script(f"delete globalThis.{lacks}")
    tab = Tab(await context.new_page(), file.as_uri())
    note_complaints(tab)
    await tab.page.goto(tab.address)
    return tab


async def shown(page: Page) -> str:
    """The text of the pages, once they are there."""
    await page.wait_for_selector("#app:not([hidden]) main")
    return await page.inner_text("#app")


async def look_around(tab: Tab) -> None:
    """Use the pages as a person does."""
    page = tab.page
    assert "1 failed" in await shown(page)
    await page.click("text=Results")
    await page.click(".results article a >> nth=0")
    await page.wait_for_selector(".entry")
    assert "<script>alert(1)</script>" in await page.inner_text("#app")
    assert await page.locator("#app img, #app script").count() == 0
    assert await page.locator("button:has-text('Kill'), #say").count() == 0
    await page.click("text=Cost")
    await page.wait_for_selector("table.costs")
    assert "writer" in await page.inner_text("table.costs")
    assert await tab.faults_of_access() == []
    await page.click("text=As text")
    assert await page.is_visible("#plain h1")


async def test_a_file_shows_its_pages_without_a_request_and_is_whole_where_no_script_may_run(
    tmp_path: Path, browser: Browser
) -> None:
    file = tmp_path / "x.html"
    text, _ = await exported(ExportForm.HTML)
    file.write_text(text, encoding="utf-8")

    tab = await opened(browser, file)
    await look_around(tab)
    plain = await opened(browser, file, has_scripts=False)
    old = await opened(browser, file, lacks="DecompressionStream")

    assert await plain.page.is_visible("#plain h1")
    assert not await plain.page.is_visible("#pages")
    assert "<script>alert(1)</script>" in (await plain.page.text_content("#plain") or "")
    assert "This browser is too old" in await old.page.inner_text("#plain > .error")
    assert await old.page.is_visible("#plain h1")
    assert [*tab.complaints, *plain.complaints, *old.complaints] == []
    assert file.stat().st_size < MOST_BYTES
