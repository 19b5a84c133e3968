r"""Patterns: whether a regular expression of others matches, in bounded time.

`re` goes back and tries again, so that `^(a+)+$` takes hours on forty characters, and nothing can stop
it. A pattern that means the same to the linear engine that pydantic brings (https://docs.rs/regex) is
matched by that; one that needs more, such as a look-ahead, by `re` in a process that is killed in time.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Callable
from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, core_schema

from parallel_agents.core.unicode import whole_text
from parallel_agents.interpreter import isolated_command

MOST_SECONDS = 5.0
_MOST_MEMORY_BYTES = 1_000_000_000
_FOUND, _NOT_FOUND = 11, 10

_FLAGS = re.compile(r"\(\?([ims]+)\)")
# The syntax with one meaning in both engines; what is translated has a group of its own.
_TOKEN = re.compile(
    r"""
      (?P<word>\\[wW])
    | (?P<end>\$(?=[)|]|\Z))
    | (?P<set>\[\^?(?:[^\\\[\]&~|^-]|\\[wdsnrtfv]|\\[!-/:;=?@\[-^`{-~]|-(?!-))+\])
    | \\[dDsSbnrtfv] | \\[!-/:;=?@\[-^`{-~]
    | \(\?: | \(\?P<[A-Za-z_][A-Za-z0-9_]*> | \((?!\?) | [).|^]
    | (?:[*+?]|\{\d{1,4}(?:,\d{0,4})?\})\??(?![*+?{])
    | [^\\\[\](){}|^$*+?.]
    """,
    re.VERBOSE,
)
_WORD = r"\p{L}\p{N}_"

_CHILD = f"""
import json, re, resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({_MOST_MEMORY_BYTES}, {_MOST_MEMORY_BYTES}))
resource.setrlimit(resource.RLIMIT_CPU, ({MOST_SECONDS:.0f}, {MOST_SECONDS + 1:.0f}))
pattern, text = json.load(sys.stdin)
sys.exit({_FOUND} if re.search(pattern, text) else {_NOT_FOUND})
"""


class PatternTooSlow(Exception):
    """Whether the pattern matches could not be found in `MOST_SECONDS` or with a gigabyte."""


async def is_found(pattern: str, text: str) -> bool:
    """Whether `re.search` would find the pattern in the text.

    Raises:
        PatternTooSlow: it is not known.
        OSError: the process for a pattern that goes back cannot be started.
    """
    validator = _linear(pattern)
    if validator is not None:
        return validator.isinstance_python(whole_text(text))
    return await asyncio.to_thread(_search_elsewhere, pattern, text)


def linear_matcher(pattern: str) -> Callable[[str], bool] | None:
    """Tells whether a pattern is found in a text, in linear time; None for one that goes back."""
    validator = _linear(pattern)
    return None if validator is None else lambda text: validator.isinstance_python(whole_text(text))


def _search_elsewhere(pattern: str, text: str) -> bool:
    command = isolated_command(_CHILD)
    given = json.dumps([pattern, text]).encode()
    try:
        ended = subprocess.run(  # noqa: S603 - our own program
            command, input=given, timeout=MOST_SECONDS, capture_output=True, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise PatternTooSlow from error
    if ended.returncode not in (_FOUND, _NOT_FOUND):
        raise PatternTooSlow(ended.stderr.decode(errors="replace")[-500:])
    return ended.returncode == _FOUND


@lru_cache(maxsize=512)
def _linear(pattern: str) -> SchemaValidator | None:
    """The pattern for the linear engine; None if it does not take it, or takes it differently."""
    translated = _translated(pattern)
    if translated is None:
        return None
    try:
        return SchemaValidator(
            core_schema.str_schema(pattern=translated, regex_engine="rust-regex")
        )
    except SchemaError:
        return None


def _translated(pattern: str) -> str | None:
    flags = _FLAGS.match(pattern)
    is_multiline = flags is not None and "m" in flags.group(1)
    position = flags.end() if flags else 0
    parts = [pattern[:position]]
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        if token is None:
            return None
        position = token.end()
        text = token.group()
        match token.lastgroup:
            case "word":
                text = f"[^{_WORD}]" if text == r"\W" else f"[{_WORD}]"
            case "set":
                text = text.replace(r"\w", _WORD)
            case "end" if not is_multiline:
                text = r"(?:\n?\z)"  # Python's `$` also matches before a last line break
            case _:
                pass
        parts.append(text)
    return "".join(parts)
