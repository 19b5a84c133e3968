"""The page: nothing that a model wrote leaves its place, and nothing else may run."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from typing_extensions import override

from parallel_agents.views.exports.tree import ExportForm
from tests.unit.views.exports.sample import exported


class _Tags(HTMLParser):
    """The elements of a page, and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.open: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}


async def test_hostile_text_makes_no_element_and_no_attribute() -> None:
    page, _ = await exported(ExportForm.HTML)

    tags = _Tags()
    tags.feed(page)

    assert tags.tags.count("script") == 1
    assert not {"img", "iframe", "link", "form"} & set(tags.tags)
    assert not any(name.startswith("on") or name in ("style", "src") for name in tags.names)


async def test_the_policy_names_the_only_script_and_style_by_their_hashes() -> None:
    page, _ = await exported(ExportForm.HTML)

    for kind in ("script", "style"):
        found = re.search(rf"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        assert found is not None
        digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in page
    assert "default-src 'none'" in page


async def test_the_page_asks_no_network() -> None:
    page, _ = await exported(ExportForm.HTML)

    addresses = re.findall(r"https?://[^\s\"]+", page)
    assert set(addresses) == {"http://www.w3.org/2000/svg"}  # a name, and not fetched


async def test_secrets_and_escape_sequences_are_not_in_it() -> None:
    page, _ = await exported(ExportForm.HTML)

    assert "hush" not in page
    assert "\x1b" not in page


async def test_transcripts_can_be_left_out() -> None:
    page, _ = await exported(ExportForm.HTML, has_transcripts=False)

    assert "Transcript<" not in page
    assert "<dt>Transcripts</dt><dd>left out</dd>" in page
