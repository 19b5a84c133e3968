"""Forms: how a secret may be written in a text, and which values are too ordinary to be looked for."""

from __future__ import annotations

import html
import json
import re
import shlex
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, urlsplit

import orjson

from parallel_agents.core.json_value import Json, children_of

LEAST_CHARACTERS = 8
_LEAST_PIECE = 20
# A longer form is looked for in blocks of this length, each of which a stream can hold back.
_BLOCK = 4_096
_LEAST_BLOCK = 64
_MOST_DEPTH = 3  # of JSON in JSON
ANY_BREAK = re.compile(r"[\r\n]+[ \t]*")
# Likewise in a text that is JSON, and so has its breaks as escapes; in JSON in JSON they are longer.
ESCAPED_BREAK = re.compile(r"(?:[\r\n]|\\{1,8}[rn])+[ \t]*")
# Pieces of a value with several lines, such as a private key or the JSON of a service account.
_PIECE = re.compile(rf"[^\s\"',;]{{{_LEAST_PIECE},}}")
_RUN = re.compile(rf"[A-Za-z0-9]{{{LEAST_CHARACTERS},}}")
# A line that is one token; the first and last line of a key are in any text about keys.
_TOKEN = re.compile(r"(?!-----)[^\s\"',;:=@{}\[\]]+=*")
_PATH = re.compile(r"(?:~|\.{1,2})?(?:/[\w.@+-]*)+")
_WORDS = re.compile(r"[a-z]+|[A-Z]+|[A-Z]?[a-z]+(?:[-_.][a-z]+)*")
_NUMBER = re.compile(r"[\d.,:+/ -]+")
_LONG_WORD, _LONG_NUMBER, _LONG_RUN = 16, 16, 32
_MOST_PATH_SEGMENT = 20


def why_ordinary(value: str) -> str:
    """Why a value cannot be searched for without damage to other texts; empty if it can.

    Short values, words, numbers, paths and plain addresses also occur in texts without secrets.
    """
    value = without_breaks(value).strip()
    if len(value) < LEAST_CHARACTERS:
        return f"it has fewer than {LEAST_CHARACTERS} characters"
    if len(value) < _LONG_WORD and _WORDS.fullmatch(value):
        return "it is a word"
    if len(value) < _LONG_NUMBER and _NUMBER.fullmatch(value):
        return "it is a number"
    if len(set(value)) < 4:
        return "it repeats the same characters"
    if _is_path(value):
        return "it is a path"
    return "it is an address" if _is_plain_url(value) else ""


def _is_path(value: str) -> bool:
    if not all(_PATH.fullmatch(part) for part in value.split(":")):
        return False
    segments = re.split(r"[:/]", value)
    return all(len(each) < _MOST_PATH_SEGMENT or each.lower() == each for each in segments)


def _is_plain_url(value: str) -> bool:
    if "://" not in value or not value.isprintable():
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return not (parts.query or parts.fragment or "@" in parts.netloc) and _is_path(
        parts.path or "/"
    )


def without_breaks(text: str) -> str:
    """The text as one line: encoders and terminals break long values into several, and may indent them."""
    return ANY_BREAK.sub("", text) if "\n" in text or "\r" in text else text


def readings(text: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    """The text as one line, and what was removed as a break: also escapes of breaks if it has any."""
    yield without_breaks(text), ANY_BREAK
    if "\\n" in text or "\\r" in text:
        yield ESCAPED_BREAK.sub("", text), ESCAPED_BREAK


def forms_of(value: str) -> frozenset[str]:
    """All forms in which a secret is looked for, each without line breaks, and none above 4,160 characters."""
    found: set[str] = set()
    for part in _parts(value):
        whole = without_breaks(part)
        found.update(_forms(whole))
        if whole != part:  # as it is in JSON, and as an encoder sees it
            found |= {_in_json(part), *_encoded(part.encode())}
    return frozenset(
        block for form in found if len(form) >= LEAST_CHARACTERS for block in _blocks(form)
    )


def _parts(value: str) -> frozenset[str]:
    """The value, as its readers may make it, and what tells enough of it alone."""
    readings = {value, value.strip(), *_unescaped(value)}
    try:
        parsed: Json = orjson.loads(value)
    except ValueError:
        return frozenset(readings.union(*map(_pieces, readings)))
    for text in _texts(parsed):
        if "\n" in text:
            readings |= {text, text.strip(), *_pieces(text)}
        elif _is_piece(text):
            readings.add(text)
    return frozenset(readings)


def _unescaped(value: str) -> Iterator[str]:
    """A key as programs make it of a variable, in which each line break is a backslash and a letter."""
    if "\\n" in value or "\\r" in value:
        text = value.replace("\\r", "\r").replace("\\n", "\n")
        if not why_ordinary(text):
            yield text.strip()


def _pieces(value: str) -> set[str]:
    """The lines of a value that are one token, and the long tokens of the others."""
    if without_breaks(value) == value.strip():
        return set()
    tokens = _PIECE.findall(value)
    assigned = [token.partition("=")[2] for token in tokens]
    pieces = set(filter(_is_piece, (*tokens, *assigned)))
    lines = {line.strip() for line in value.splitlines()}
    return pieces | {line for line in lines if _TOKEN.fullmatch(line) and not why_ordinary(line)}


def _is_piece(text: str) -> bool:
    """Whether a token is one that no other text has: long, and in part drawn at random."""
    is_token = _PIECE.fullmatch(text) is not None and "://" not in text and "@" not in text
    return is_token and any(map(_is_drawn, _RUN.findall(text)))


def _is_drawn(run: str) -> bool:
    """Whether a run is not a word, name or number: it is mixed, or longer than any of them."""
    return len(run) >= _LONG_RUN or not (run.isalpha() or run.isdecimal())


def _texts(value: Json) -> Iterator[str]:
    level = [value]
    while level:
        yield from (each for each in level if isinstance(each, str))
        level = [child for parent in level for child in children_of(parent)]


def _blocks(form: str) -> Iterator[str]:
    if len(form) <= _BLOCK + _LEAST_BLOCK:
        yield form
        return
    starts = range(0, len(form) - _LEAST_BLOCK, _BLOCK)
    for start in starts:
        yield form[start : None if start == starts[-1] else start + _BLOCK]


def _forms(value: str) -> Iterator[str]:
    yield value
    quoted = {quote(value, safe=""), quote(value), quote_plus(value)}
    yield from quoted
    yield from {re.sub("%..", lambda found: found[0].lower(), text) for text in quoted}
    yield html.escape(value)
    yield html.escape(value).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    yield from _in_shells(value)
    yield from _in_jsons(value)
    yield from _encoded(value.encode())


def _in_shells(value: str) -> Iterator[str]:
    yield shlex.quote(value).strip("'")
    yield value.replace("'", "'\\''")
    yield value.replace("'", "''")  # YAML and SQL
    yield re.sub(r"([^\w@%+=:,./-])", r"\\\1", value)
    yield re.sub(r'(["$`\\])', r"\\\1", value)
    yield repr(value)[1:-1]


def _in_jsons(value: str) -> Iterator[str]:
    inner = ascii_alone = value
    for _ in range(_MOST_DEPTH):
        inner, ascii_alone = _in_json(inner), json.dumps(ascii_alone)[1:-1]
        yield from (inner, ascii_alone)
    yield _in_json(value).replace("/", "\\/")
    # As Go writes it: https://pkg.go.dev/encoding/json#Marshal
    for letter in "<>&":
        value = value.replace(letter, f"\\u{ord(letter):04x}")
    yield value


def _in_json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]


def _encoded(value: bytes) -> Iterator[str]:
    """In base64, wherever it begins in what is encoded, and in hexadecimal digits."""
    for before in range(3):
        # Characters that also encode a neighbour are left out.
        start, end = (0, 2, 3)[before], (before + len(value)) * 8 // 6
        form = b64encode(b"\0" * before + value).decode()[start:end]
        yield form
        yield form.replace("+", "-").replace("/", "_")
    digits = value.hex()
    yield from (digits, digits.upper())
    yield "".join(f"\\x{byte:02x}" for byte in value)
    yield "".join(f"%{byte:02X}" for byte in value)
