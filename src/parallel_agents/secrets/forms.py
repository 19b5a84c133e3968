"""Forms: how a secret may be written in a text, and which values are too ordinary to be looked for."""

from __future__ import annotations

import html
import json
import re
import shlex
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, urlsplit

LEAST_CHARACTERS = 8
_LEAST_PIECE = 20
_MOST_DEPTH = 3  # of JSON in JSON
_ANY_BREAK = re.compile(r"[\r\n]+[ \t]*")
# Pieces of a value with several lines, such as a private key or the JSON of a service account.
_PIECE = re.compile(rf"[^\s\"',;]{{{_LEAST_PIECE},}}")
_PATH = re.compile(r"(?:~|\.{1,2})?(?:/[\w.@+-]*)+")
_WORDS = re.compile(r"[a-z]+|[A-Z]+|[A-Z]?[a-z]+(?:[-_.][a-z]+)*")
_NUMBER = re.compile(r"[\d.,:+/ -]+")
_LONG_WORD, _LONG_NUMBER = 16, 16
_MOST_PATH_SEGMENT = 20


def why_ordinary(value: str) -> str:
    """Why a value cannot be looked for without damage to other texts; empty if it can.

    What is short, a word, a number, a path or a plain address occurs in texts that tell no secret.
    """
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
    return _ANY_BREAK.sub("", text) if "\n" in text or "\r" in text else text


def forms_of(value: str) -> frozenset[str]:
    """All forms in which a secret is looked for, each without line breaks."""
    whole = without_breaks(value)
    parts = {whole}
    if whole != value.strip():
        parts |= {
            piece for piece in _PIECE.findall(value) if "://" not in piece and "@" not in piece
        }
    found = {form for part in parts for form in _forms(part)}
    if whole != value:  # as it is in JSON, and as an encoder sees it
        found |= {*_encoded(value.encode()), *_encoded(value.strip().encode())}
        found |= {_in_json(value), _in_json(value.strip())}
    return frozenset(form for form in found if len(form) >= LEAST_CHARACTERS)


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
    yield re.sub(r"([^\w@%+=:,./-])", r"\\\1", value)
    yield re.sub(r'(["$`\\])', r"\\\1", value)
    yield repr(value)[1:-1]


def _in_jsons(value: str) -> Iterator[str]:
    inner = value
    for _ in range(_MOST_DEPTH):
        inner = _in_json(inner)
        yield inner
    yield json.dumps(value)[1:-1]
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
