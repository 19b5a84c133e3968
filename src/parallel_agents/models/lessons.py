"""Lessons: what a refusal of a request teaches about the dialect of the model that it was sent to."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from parallel_agents.core.agent import ThinkingLevel
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.errors import ContextTooLong
from parallel_agents.errors.provider import Rejection
from parallel_agents.models.dialect import CHANGES, DialectChanges

# Fields that a request can do without; a server that names another one is not obeyed.
_OPTIONAL = frozenset(
    {"temperature", "top_p", "stream_options", "reasoning_effort", "reasoning", "thinking", "store"}
    | {"parallel_tool_calls", "tool_choice", "output_config", "include", "seed", "stop", "metadata"}
    | {"cache_control", "generationConfig", "safetySettings", "text", "verbosity", "stream"}
)
_REQUEST_FIELDS = _OPTIONAL | {"messages", "tools", "response_format", "model", "input", "system"}
_STATUSES = frozenset({400, 404, 405, 409, 415, 422, 500, 501})
_MOST_CHARACTERS = 20_000
_VALUES = re.compile(
    r"(?:supported values are|must be one of|allowed(?: values)?(?: are)?|expected one of)[:\s]+(.*)"
)
# OpenAI; Anthropic; DeepSeek and DashScope; Groq; others.
_LIMIT = re.compile(
    r"supports at most (\d{2,9}) (?:completion|output) tokens"
    r"|max_tokens: \d+ > (\d{2,9}), which is the maximum"
    r"|range of max_\w*tokens (?:is|should be) \[\d+, ?(\d{2,9})\]"
    r"|max_\w*tokens`?'? must be (?:less than or equal to|at most|<=) [`']?(\d{2,9})"
    r"|maximum (?:value|allowed)[^.]{0,40}max_\w*tokens[^.\d]{0,30}(\d{2,9})"
)
# The size of a context, as OpenAI, vLLM and Mistral say it; Anthropic; Gemini; llama.cpp; xAI; DashScope.
_WINDOW = re.compile(
    r"maximum context length (?:is|of) (\d{3,9})"
    r"|(\d{3,9}) maximum context length"
    r"|\d+ tokens > (\d{3,9}) maximum"
    r"|context limit: \d+ \+ \d+ > (\d{3,9})"
    r"|maximum number of tokens allowed \((\d{3,9})\)"
    r"|context size \((\d{3,9})(?: tokens)?\)"
    r"|maximum prompt length is (\d{3,9})"
    r"|range of input length should be \[\d+, ?(\d{3,9})\]"
)
_LEAST_WINDOW = 512
_SEPARATOR = re.compile(r"(?<=\d),(?=\d{3})")
# A server error may be one that a chat template raises about the roles of a request.
_OF_TEMPLATES = frozenset({"roles", "system"})
# What is refused for the moment is not a lesson.
_PASSING = re.compile(
    r"temporar(?:y|ily)|timed out|timeout|overload|crashed|at the moment|right now"
    r"|try again (?:later|in \d|shortly)|please retry"
)
# What a sentence names without refusing it: the fields that a server knows, and those of a tool.
_NAMED_ONLY = re.compile(
    r"(?:expected one of|(?:supported|allowed|valid|known|permitted) (?:parameters|fields|arguments|keys))"
    r"\b[^.;\n]*"
    r"|properties['\"]?\s*[,.\[]\s*['\"]?\w+['\"]?\]?"
    r"|https?://\S+",
)
_WORD = re.compile(r"[`'\"]?([a-z]+)[`'\"]?")
_EFFORT_WORDS = ("none", "minimal", "low", "medium", "high", "xhigh", "max", "default")
# Which words come nearest to a level, the best first.
_NEAREST: Mapping[ThinkingLevel, tuple[str, ...]] = {
    ThinkingLevel.OFF: ("none", "minimal", "low", "default"),
    ThinkingLevel.MINIMAL: ("minimal", "low", "none", "default", "medium"),
    ThinkingLevel.LOW: ("low", "minimal", "medium", "default", "none"),
    ThinkingLevel.MEDIUM: ("medium", "high", "low", "default"),
    ThinkingLevel.HIGH: ("high", "xhigh", "max", "medium", "default"),
}
_REFUSED = re.compile(
    r"(?:unsupported parameter|unrecognized (?:request )?argument(?: supplied)?|unknown parameter"
    r"|unknown field|unexpected (?:keyword )?(?:argument|field)|invalid parameter|argument not supported"
    r"[^:]*|does not support parameter|extra inputs are not permitted, field|property|unknown name)"
    r"[:\s]+[`'\"]?([a-z_]+)"
)


class _Rule(NamedTuple):
    when: re.Pattern[str]
    unless: re.Pattern[str] | None
    change: DialectChanges


class Lesson(NamedTuple):
    """A change of a dialect, as JSON and in words for the run's history."""

    change: JsonObject
    text: str


def lesson_of(rejection: Rejection, matters: Callable[[DialectChanges], bool]) -> Lesson | None:
    """What a refusal teaches; None if it names nothing that a request could do without.

    Args:
        rejection: what the server said.
        matters: whether a change would change what is sent, as one that the configuration overrides
            would not.
    """
    text = f"{rejection.param} {rejection.text}"[:_MOST_CHARACTERS].lower()
    if rejection.status not in _STATUSES or _PASSING.search(text):
        return None
    for change in _changes(text, rejection.param.lower()):
        if rejection.status >= 500 and not _OF_TEMPLATES.issuperset(change):
            continue
        if matters(change):
            listed: JsonObject = CHANGES.dump_python(change, mode="json")
            return Lesson(listed, describe_change(listed))
    return None


def _changes(text: str, param: str) -> Iterator[DialectChanges]:
    if (most := _limit_in(text)) is not None:
        yield {"max_output_tokens": most}
    if "effort" in text and (efforts := _efforts_in(text)):
        yield {"efforts": efforts}
    text = _NAMED_ONLY.sub(" ", text)
    head = re.split(r"[.\[]", param, maxsplit=1)[0]
    for rule in _rules():
        if rule.when.search(text) and not (rule.unless and rule.unless.search(text)):
            omitted = rule.change.get("omit")
            if omitted is None or head not in _REQUEST_FIELDS or head in omitted:
                yield rule.change
    for name in (head, *_REFUSED.findall(text)):
        if name in _OPTIONAL:
            yield {"omit": frozenset({name})}


def window_in(error: ContextTooLong, sent: bytes) -> int | None:
    """The tokens of the model's context that a refusal names; None if it names none.

    A number that the server merely quotes from the request does not count.

    Args:
        error: the refusal.
        sent: the body of the request.
    """
    text = error.message if error.rejection is None else error.rejection.text
    for found in _WINDOW.finditer(_plain(text[:_MOST_CHARACTERS])):
        number = int(found[found.lastindex or 0])
        if number >= _LEAST_WINDOW and found[0] not in _plain(sent.decode(errors="replace")):
            return number
    return None


def _plain(text: str) -> str:
    """The text in lower case, with its numbers as digits alone."""
    return _SEPARATOR.sub("", text.lower())


def _limit_in(text: str) -> int | None:
    """The most tokens of a reply that the server names; None if it names none."""
    found = _LIMIT.search(text)
    number = next((group for group in found.groups() if group), None) if found else None
    return int(number) if number and 0 < int(number) < 1 << 31 else None


def _efforts_in(text: str) -> Mapping[ThinkingLevel, str]:
    """The nearest word for each level, of those that the server lists."""
    found = _VALUES.search(text)
    if found is None:
        return {}
    listed = [word for word in _WORD.findall(found.group(1)) if word in _EFFORT_WORDS]
    return {
        level: next((word for word in words if word in listed), "")
        for level, words in _NEAREST.items()
        if listed
    }


@cache
def _rules() -> tuple[_Rule, ...]:
    text = files("parallel_agents.models").joinpath("lessons.toml").read_text("utf-8")
    tables: list[dict[str, Json]] = tomllib.loads(text)["lesson"]
    return tuple(
        _Rule(
            re.compile(str(table["when"]), re.DOTALL),
            re.compile(str(table["unless"]), re.DOTALL) if "unless" in table else None,
            CHANGES.validate_python(table["change"]),
        )
        for table in tables
    )


def describe_change(change: JsonObject) -> str:
    """The change in words, to follow "sent again"."""
    omitted = change.get("omit")
    if isinstance(omitted, list) and len(change) == 1:
        return f"without {', '.join(map(str, omitted))}"
    parts = [f"{name} = {_value(value)}" for name, value in change.items()]
    return f"with {', '.join(parts)}"


def _value(value: Json) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_value(part)}" for name, part in value.items()) + "}"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
