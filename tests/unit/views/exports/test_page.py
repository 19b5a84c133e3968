"""The page: nothing that a model wrote leaves its place, and nothing else may run."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from html.parser import HTMLParser

from typing_extensions import override

from parallel_agents.views.exports.tree import ExportForm
from tests.unit.views.exports.sample import exported

SCRIPTS = 2  # that of the text, and that of the pages
BLOCKS = 1


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

    assert tags.tags.count("script") == SCRIPTS + BLOCKS
    assert not {"img", "iframe", "link", "form"} & set(tags.tags)
    assert not any(name.startswith("on") or name in ("style", "src") for name in tags.names)


async def test_the_policy_names_the_only_scripts_and_styles_by_their_hashes() -> None:
    page, _ = await exported(ExportForm.HTML)

    policy = page[: page.index("<title>")]
    for pattern in (r"<script>(.*?)</script>", r"<style [^>]*>(.*?)</style>"):
        found = re.findall(pattern, page, re.DOTALL)
        assert len(found) == SCRIPTS
        for content in found:
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy
    assert policy.count("'sha256-") == 2 * SCRIPTS
    assert "default-src 'none'" in policy


async def test_the_page_asks_no_network() -> None:
    page, _ = await exported(ExportForm.HTML)

    addresses = re.findall(r"https?://[^\s\"'`]+", re.sub(r"\(https?:|/https\?/", "", page))
    assert {address[:18] for address in addresses} == {"http://www.w3.org/"}  # names, not fetched


async def test_secrets_and_escape_sequences_are_not_in_it() -> None:
    page, _ = await exported(ExportForm.HTML)

    blocks = re.findall(r'<script type="application/gzip">([^<]*)</script>', page)
    assert len(blocks) == BLOCKS
    for text in (page, gzip.decompress(base64.b64decode("".join(blocks))).decode()):
        assert "hush" not in text
        assert "\x1b" not in text


async def test_text_has_transcripts_up_to_a_bound_and_secrets_beyond_it_are_counted() -> None:
    whole, _ = await exported(ExportForm.HTML)
    words = 20_000  # of each of the two replies

    page, export = await exported(ExportForm.HTML, reply="tea hush " * words)

    sentence = "Its whole transcript is in the pages of this file"
    assert (page.count(sentence), whole.count(sentence)) == (2, 0)
    assert page.count("tea [redacted:key]") == 2 * words  # the answers, and no transcript of them
    assert export.exported.redacted > page.count("[redacted:")


async def test_transcripts_can_be_left_out() -> None:
    page, _ = await exported(ExportForm.HTML, has_transcripts=False)

    assert "Transcript<" not in page
    assert "Task: " not in page
    assert "application/gzip" not in page
    assert "<dt>Transcripts</dt><dd>left out</dd>" in page
