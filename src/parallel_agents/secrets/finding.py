"""Finding: where secrets are in a text, in its JSON, and at the end of what has come of a text so far."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import orjson

from parallel_agents.secrets.forms import ANY_BREAK, forms_of

START_CHARACTERS: Final = 4
_BREAK_IN_JSON = re.compile(r"(?:\\[rn])+(?: |\\t)*")
_MARK = "\0"  # JSON has no such character
_ESCAPED_IN_JSON = re.compile(r"(?:\0{1,8}[rn])+(?: |\\t)*")
# Escapes that orjson does not write; with these, a needle is written in another way.
_FOREIGN = re.compile(r"\\u(?!00(?:0[0-7bef]|1[0-9a-f]))")
_NUMBER = re.compile(r"[\d.eE+-]+")
_TEXT_OR_NUMBER = re.compile(r'"(?:[^"\\]++|\\.)*"|-?\d[\d.eE+-]*')


class Needles(NamedTuple):
    """What is looked for; it is replaced as a whole, so that every thread sees one state of it.

    Attributes:
        names: the name of the secret by each of its forms, the longest first.
        shortest: the forms, the shortest first.
        escaped: those that are written differently in JSON.
        in_json: the forms as `json_line` has them, the shortest first.
        starts: the forms by their first four characters, and a key for each shorter beginning.
        longest: how many characters the longest has.
        is_numeric: whether one may be a number in JSON.
    """

    names: Mapping[str, str]
    shortest: tuple[str, ...]
    escaped: tuple[str, ...]
    in_json: tuple[str, ...]
    starts: Mapping[str, Sequence[str]]
    longest: int
    is_numeric: bool


NONE: Final = Needles({}, (), (), (), {}, 0, is_numeric=False)


class Span(NamedTuple):
    """A secret in a text, by the positions of its beginning and after its end."""

    start: int
    end: int
    name: str


def needles_of(values: Mapping[str, str]) -> Needles:
    names: dict[str, str] = {}
    for value, name in values.items():
        for form in forms_of(value):
            names.setdefault(form, name)
    # One that has another one in it is found with that one.
    escaped = {form: orjson.dumps(form)[1:-1].decode() for form in names}
    in_json = set(map(_marked, escaped.values()))
    starts: dict[str, list[str]] = {}
    for form in names:
        for length in range(1, START_CHARACTERS):
            starts.setdefault(form[:length], [])
        starts.setdefault(form[:START_CHARACTERS], []).append(form)
    return Needles(
        names=dict(sorted(names.items(), key=lambda item: -len(item[0]))),
        shortest=tuple(sorted(names, key=len)),
        escaped=tuple(form for form, inner in escaped.items() if form != inner),
        in_json=tuple(sorted(in_json, key=len)),
        starts=starts,
        longest=max(map(len, names)),
        is_numeric=any(map(_NUMBER.fullmatch, names)),
    )


def json_line(encoded: Sequence[bytes]) -> str:
    """JSON as one text without the line breaks within its texts, as `Needles.in_json` are written."""
    joined = encoded[0] if len(encoded) == 1 else b"\n".join(encoded)
    line = joined.decode("utf-8", "replace")  # bytes take three times as long to be searched
    if "\\" not in line:
        return line
    line = _marked(line)
    if "\\/" in line or ("\\u" in line and _FOREIGN.search(line)):
        own = b"\n".join(map(_own_form, encoded)).decode("utf-8", "replace")
        line = f"{line}\n{_marked(own)}"
    if "\\n" in line or "\\r" in line:
        line = _BREAK_IN_JSON.sub("", line)
    if "\0n" in line or "\0r" in line:  # of a text that is JSON again
        line = f"{line}\n{_ESCAPED_IN_JSON.sub('', line)}"
    return line


def _marked(encoded: str) -> str:
    """JSON with a mark for each escaped backslash, so that each other backslash begins an escape."""
    return encoded.replace("\\\\", _MARK)


def _own_form(encoded: bytes) -> bytes:
    """JSON as orjson writes it; the same if it is not JSON."""
    try:
        return orjson.dumps(orjson.loads(encoded))
    except (ValueError, TypeError):
        return encoded


def with_numbers_hidden(encoded: bytes, hide: Callable[[str], str]) -> bytes:
    """JSON in which each number that has a secret became a text; all of its digits are looked at."""

    def token(found: re.Match[str]) -> str:
        text = found[0]
        if text.startswith('"') or (hidden := hide(text)) == text:
            return text
        return orjson.dumps(hidden).decode()

    return _TEXT_OR_NUMBER.sub(token, encoded.decode("utf-8", "replace")).encode()


def replaced(
    text: str, line: str, names: Mapping[str, str], breaks: re.Pattern[str] = ANY_BREAK
) -> str:
    """The text with each secret replaced, which were found in the text as one line."""
    shown: list[str] = []
    position = 0
    for start, end, name in spans_in(text, line, names, breaks):
        shown += (text[position:start], f"[redacted:{name}]")
        position = end
    return "".join((*shown, text[position:]))


def spans_in(
    text: str, line: str, names: Mapping[str, str], breaks: re.Pattern[str] = ANY_BREAK
) -> Iterator[Span]:
    """Where the secrets are in a text, which is `line` without its breaks; none overlaps another."""
    removed = [] if line == text else [found.span() for found in breaks.finditer(text)]
    return _original(_merged(_spans(line, names)), removed)


def _spans(line: str, names: Mapping[str, str]) -> Iterator[Span]:
    for needle, name in names.items():
        at = line.find(needle)
        while at >= 0:
            yield Span(at, at + len(needle), name)
            at = line.find(needle, at + len(needle))


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Those that overlap as one, so that nothing of a shorter one is left beside a longer one."""
    merged: Span | None = None
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if merged is None or span.start >= merged.end:
            if merged is not None:
                yield merged
            merged = span
        elif span.end > merged.end:
            merged = merged._replace(end=span.end)
    if merged is not None:
        yield merged


def _original(spans: Iterable[Span], breaks: Sequence[tuple[int, int]]) -> Iterator[Span]:
    """The places in a text of places in the same text without its breaks."""
    at, removed = [0], [0]
    for start, end in breaks:
        at.append(start - removed[-1])
        removed.append(removed[-1] + end - start)

    for start, end, name in spans:
        yield Span(_place(at, removed, start), _place(at, removed, end - 1) + 1, name)


def _place(at: Sequence[int], removed: Sequence[int], position: int) -> int:
    return position + removed[bisect_right(at, position) - 1]


def original_place(text: str, position: int) -> int:
    """The place in a text of a place in the same text without its breaks."""
    if "\n" not in text and "\r" not in text:
        return position
    breaks = [found.span() for found in ANY_BREAK.finditer(text)]
    return next(_original((Span(position, position + 1, ""),), breaks)).start
