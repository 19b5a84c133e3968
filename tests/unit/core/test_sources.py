"""An answer may cite only pages that its run has seen, in whatever way it writes them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from parallel_agents.core.gate import SourcesGate
from parallel_agents.core.kept import KeptCall
from parallel_agents.core.message import ToolCall, ToolResult
from parallel_agents.core.schema import Json
from parallel_agents.core.sources import sources_verdict, urls_in
from parallel_agents.core.tool import Effect

FOUND = """1. Tea
   https://tea.example/steeping?a=b
2. Cups
   https://cups.example/

[2 results of brave]"""
READ = "[https://tea.example/final, redirected from https://tea.example/old]\n\nSee [x](https://x.example/a_(b))."


def made(
    name: str, arguments: Mapping[str, Json], content: str, *, fails: bool = False
) -> KeptCall:
    result = ToolResult("1", name, content, is_error=fails)
    return KeptCall(ToolCall("1", name, arguments), Effect.IDEMPOTENT, result)


CALLS = (
    made("web_search", {"query": "tea"}, FOUND),
    made("fetch", {"url": "https://Tea.example:443/old#part"}, READ),
    made(
        "fetch", {"url": "https://gone.example/"}, "https://gone.example/ answered 404", fails=True
    ),
)


@pytest.mark.parametrize(
    "answer",
    [
        "Three minutes (https://tea.example/steeping?a=b).",
        "Three minutes [1](https://cups.example), [2](https://tea.example/final).",
        "See <https://TEA.example/old#x>, and https://x.example/a_(b).",
        {"findings": [{"url": "https://cups.example/", "claim": "x"}]},
        {"findings": [{"url": "https://cups.example"}], "open": ""},
    ],
)
def test_pages_that_were_found_or_read_may_be_cited(answer: Json) -> None:
    assert sources_verdict(SourcesGate(), answer, CALLS).is_accepted


@pytest.mark.parametrize(
    ("answer", "url"),
    [
        ("See https://made-up.example/.", "https://made-up.example/"),
        ("See https://tea.example/steeping?a=c", "https://tea.example/steeping?a=c"),
        ("See https://tea.example/steeping", "https://tea.example/steeping"),
        ("See https://gone.example/", "https://gone.example/"),
        ("See https://u@tea.example/final", "https://u@tea.example/final"),
        ({"findings": [{"url": "https://cups.example/"}, {"url": "https://b.example/"}]}, "https://b.example/"),
    ],
)  # fmt: skip
def test_other_pages_may_not_and_are_named(answer: Json, url: str) -> None:
    verdict = sources_verdict(SourcesGate(), answer, CALLS)

    assert not verdict.is_accepted
    assert verdict.critique.endswith(f"These were not: {url}")


@pytest.mark.parametrize("answer", ["Three minutes.", "", {"url": "tea.example"}, None, 3])
def test_an_answer_that_cites_nothing_is_refused(answer: Json) -> None:
    assert "must cite" in sources_verdict(SourcesGate(), answer, CALLS).critique


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("(https://a.example/b_(c))", ["https://a.example/b_(c)"]),
        ("[x](https://a.example/b), https://c.example/d.", ["https://a.example/b", "https://c.example/d"]),
        ("**https://a.example/x**", ["https://a.example/x"]),
        ("https://[::1]/x] HTTP://B.example", ["https://[::1]/x", "HTTP://B.example"]),
        ("ftp://a.example http:// https://", []),
    ],
)  # fmt: skip
def test_urls_are_found_without_what_is_around_them(text: str, urls: list[str]) -> None:
    assert [url for url in urls_in(text) if len(url) > 8] == urls
