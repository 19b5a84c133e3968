"""Sources: the pages that an answer cites, and whether its run has seen them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from parallel_agents.core.gate import SourcesGate, Verdict, describe_gate
from parallel_agents.core.kept import KeptCall
from parallel_agents.core.schema import Json
from parallel_agents.core.web_address import BadAddress, WebAddress

_URL = re.compile(r"https?://[^\s<>\"\\^`{|}\u0000-\u001f]+", re.IGNORECASE)
_AFTER = ".,;:!?'*_"
_PAIRS = {")": "(", "]": "["}
_MOST_LISTED = 10


def sources_verdict(gate: SourcesGate, answer: Json, calls: Iterable[KeptCall]) -> Verdict:
    """The verdict on the pages that an answer cites.

    Args:
        gate: the gate.
        answer: the answer.
        calls: the calls of tools that its run has made. A page is seen if its URL is in what a call
            returned, or in the arguments of one that succeeded.
    """
    cited = dict.fromkeys(url for text in _texts(answer) for url in urls_in(text))
    seen = {_page(url) for url in _told(calls)}
    unseen = [url for url in cited if _page(url) not in seen]
    critique = ""
    if not cited:
        critique = "The answer must cite the pages that say what it claims, by their URLs."
    elif unseen:
        listed = ", ".join(unseen[:_MOST_LISTED])
        critique = (
            f"The answer must only cite pages that were found or read. These were not: {listed}"
        )
    return Verdict(gate=describe_gate(gate), is_accepted=not critique, critique=critique)


def urls_in(text: str) -> Iterator[str]:
    """The URLs in a text, without what belongs to the sentence or the Markdown around them."""
    for found in _URL.finditer(text):
        yield _trimmed(found[0])


def _told(calls: Iterable[KeptCall]) -> Iterator[str]:
    for call in calls:
        if call.result.is_error:
            continue
        yield from urls_in(call.result.content)
        for text in _texts(call.call.arguments):
            yield from urls_in(text)


def _trimmed(url: str) -> str:
    """A URL up to its end, such as that of `https://a/b_(c)` in parentheses."""
    for closing, opening in _PAIRS.items():
        depth = 0
        for place, character in enumerate(url):
            depth += (character == opening) - (character == closing)
            if depth < 0:
                url = url[:place]
                break
    return url.rstrip(_AFTER)


def _page(url: str) -> str:
    """What two URLs of one page share; a text that is not a URL is a page of its own."""
    try:
        return str(WebAddress.parse(url)).removesuffix("/")
    except BadAddress:
        return url


def _texts(value: Json) -> Iterator[str]:
    """Each text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
