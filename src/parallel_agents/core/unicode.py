"""Unicode: text of any origin, made into text that can be stored, compared and read.

Servers cut emojis: JSON may escape each half of a character beyond U+FFFF by itself (RFC 8259,
section 8.2), and a stream may bring the halves in two events.
"""

from __future__ import annotations

import re
import unicodedata

from parallel_agents.core.json_value import Json, with_texts

_FIRST_HALF = ("\ud800", "\udbff")
# Control sequences and strings as in ECMA-48, sections 5.4 to 5.6, with xterm's end of a string.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[P\]X^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
)


def whole_text(text: str) -> str:
    """`text` with its halves joined; a half without its other becomes U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def whole_value(value: Json) -> Json:
    """A JSON value with all of its texts and names made whole."""
    return with_texts(value, whole_text)


def without_escapes(text: str) -> str:
    """`text` without a terminal's escape sequences, such as colors, each removed as a whole.

    A control character that is not part of one stays.
    """
    return _ESCAPES.sub("", text)


def canonical(name: str) -> str:
    """A name in the one form in which it is stored and looked up (Unicode's NFC).

    The same letters can be written in several ways: keyboards and macOS's file names differ.
    """
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def ends_in_half(text: str) -> bool:
    """Whether the next piece of a stream may bring the other half of the last character."""
    first, last = _FIRST_HALF
    return bool(text) and first <= text[-1] <= last
