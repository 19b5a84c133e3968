"""Text calls: tool calls that a server left in the text, because it has no parser for the model.

A call counts where a template puts it: behind a mark (`call_marks`) or as all there is, and at the end
of the reply. What stands in code, or has prose behind it, is about calls. Markup of a call that
nobody can read is neither: the model slipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import orjson

from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.models.reading.call_formats import (
    NamedCall,
    Reading,
    is_definition,
    named_calls,
    read_call,
    read_children,
    read_element,
    read_named,
)
from parallel_agents.models.reading.call_marks import (
    AFTER,
    BEFORE,
    ENDS_A_CALL,
    ENDS_IN_CLOSER,
    HINTS,
    OPENING,
    PROSE,
    after_code,
    starts_line,
    unfenced,
    without_lead,
)
from parallel_agents.models.reading.code_calls import read_python
from parallel_agents.models.reading.values import read_arguments
from parallel_agents.models.shapes import ShapeError

_MOST_CHARACTERS = 200_000
_MOST_CALLS = 128
_MOST_UNREAD = 16
_MOST_CLOSERS = 8
_LONGEST_CLOSER = 110
_WINDOW = 300
_PREFIX = re.compile(r"^(?:functions|default_api|tools?|multi_tool_use)[.:]")
_SUFFIX = re.compile(r"(?:<\|.*|[:#]\d+)$", re.DOTALL)
_CALL_FIELDS = frozenset({"name", "arguments", "parameters", "type", "function", "id"})
# The languages of a code fence at the end of a reply in which a call stands, and not an example.
_CALL_FENCES = frozenset({"json", "tool_code", "tool_call", "tool_calls", "function_call", "tool"})


class TextCall(NamedTuple):
    name: str
    arguments: JsonObject


class Found(NamedTuple):
    """The calls of known tools in a text, and the text without them.

    `is_unread`: the text holds the markup of a call that cannot be read, or that is not its end.
    """

    calls: Sequence[TextCall]
    text: str
    is_unread: bool = False


def clean_name(name: str, known: Collection[str]) -> str:
    """The tool that `name` means: without control tokens, a namespace or a number; else as it is."""
    if name in known:
        return name
    cleaned = _PREFIX.sub("", _SUFFIX.sub("", name.strip().strip("\"'`"))).strip()
    if cleaned in known:
        return cleaned
    by_case = [each for each in known if each.lower() == cleaned.lower()]
    return by_case[0] if len(by_case) == 1 else name


def find_calls(
    text: str, known: Collection[str], is_answer: Callable[[str], bool] | None = None
) -> Found:
    """Find calls of `known` tools in a model's text; anything that only looks like one stays text.

    `is_answer` tells whether a text fits what was asked for: JSON without a mark is then no call.
    """
    if not known or len(text) > _MOST_CHARACTERS or not any(sign in text for sign in "{[(<"):
        return Found((), text)
    plain = text.replace("｜DSML｜", "") if "｜DSML｜" in text else text  # noqa: RUF001
    fence = unfenced(plain)
    inner = fence[2] if fence is not None and not fence[0] else plain
    lowered = inner.lower()
    marked = _marked(inner, known) if any(hint in lowered for hint in HINTS) else Found((), text)
    if marked.calls:
        return marked
    if is_answer is not None and is_answer(text):
        return Found((), text)
    bare = _bare(inner, known)
    if not bare.calls and fence is not None and fence[0] and fence[1] in _CALL_FENCES:
        bare = _bare(fence[2], known)
        bare = bare._replace(text=fence[0])
    if bare.calls:
        return bare
    return Found((), text, marked.is_unread or bare.is_unread)


def _marked(text: str, known: Collection[str]) -> Found:
    """Calls behind a mark, outside of code, up to the end of the text."""
    calls: list[TextCall] = []
    kept: list[str] = []
    position = end = unread = 0
    is_slip = False
    while (mark := OPENING.search(text, position)) is not None:
        if mark.lastgroup is None or mark["code"]:
            position = after_code(text, mark.start(), mark.end())
            continue
        found = _read_mark(text, mark)
        read = _known(known, found.calls) if found else []
        if found and read and len(read) == len(found.calls):
            calls.extend(read)
            kept.append(without_lead(text[end : mark.start()]))
            position = end = _after(text, found.end)
            is_slip = is_slip or starts_line(text, mark.start()) or bool(mark["special"])
            if len(calls) > _MOST_CALLS:
                return Found((), text, is_unread=True)
            continue
        if _is_markup(text, mark, known):
            return Found((), text, is_unread=True)
        position, unread = mark.end(), unread + 1
        if unread >= _MOST_UNREAD:
            break
    if calls and text[end:].strip():
        return Found((), text, is_unread=is_slip)
    if calls:
        return Found(calls, "\n".join(filter(None, kept)).strip())
    return Found((), text, is_unread=_ends_in_call(text, known, position))


def _read_mark(text: str, mark: re.Match[str]) -> Reading | None:
    if mark["element"]:
        return read_element(text, mark.start())
    if mark["weak"] and text.startswith(">>>", mark.start()):
        return read_named(text, mark.end())
    return read_call(text, mark.end())


def _after(text: str, position: int) -> int:
    after = AFTER.match(text, position)
    return after.end() if after else position


def _is_markup(text: str, mark: re.Match[str], known: Collection[str]) -> bool:
    """Whether a mark that no reader could read is a call all the same, and not a mention."""
    if PROSE.match(text, mark.end()):
        return False
    window = text[mark.end() : mark.end() + _WINDOW]
    names_tool = any(name in window for name in known)
    if mark["element"]:
        named = clean_name(mark["name"], known) in known
        return starts_line(text, mark.start()) and (named or mark["sign"] == "=")
    if mark["weak"]:
        return False
    if starts_line(text, mark.start()):
        return True
    before = BEFORE.match(text, mark.end())
    payload = text[before.end() : before.end() + 1] if before else ""
    is_glued = not text[mark.start() - 1].isspace()
    return bool(mark["special"]) and (is_glued or names_tool or payload in {"{", "["})


def _ends_in_call(text: str, known: Collection[str], position: int) -> bool:
    """Whether a text ends, behind `position`, in the closing mark of a call that has no opening one."""
    stripped = text.rstrip()
    closer = ENDS_A_CALL.search(stripped, max(0, len(stripped) - _WINDOW))
    if closer is None or closer.start() < position or not any(name in text for name in known):
        return False
    before = stripped[: closer.start()]
    return starts_line(stripped, closer.start()) or before.endswith(("}", ">", "]"))


def _bare(text: str, known: Collection[str]) -> Found:
    """A text that is nothing but calls, or ends in a line that begins one."""
    whole = _all_calls(_without_closers(text.strip()), known)
    if whole.calls or whole.is_unread:
        return whole
    start = max(text.rfind("\n{"), text.rfind("\n["), text.rfind("\nprint(default_api."))
    start = max(start, text.rfind("\ndefault_api."))
    if start < 0 or text.rfind("```", 0, start) >= 0:
        return whole
    last = _all_calls(_without_closers(text[start:].strip()), known)
    return Found(last.calls, text[:start].strip()) if last.calls else whole


def _without_closers(text: str) -> str:
    for _ in range(_MOST_CLOSERS):
        closer = ENDS_IN_CLOSER.search(text, max(0, len(text) - _LONGEST_CLOSER))
        if closer is None:
            break
        text = text[: closer.start()].rstrip()
    return text


def _all_calls(text: str, known: Collection[str]) -> Found:
    named = list(_bare_calls(text, known))
    calls = _known(known, named)
    if calls and len(calls) == len(named):
        return Found(calls, "")
    is_unread = any(clean_name(call.name, known) in known for call in named)
    return Found((), text, is_unread)


def _bare_calls(text: str, known: Collection[str]) -> Sequence[NamedCall]:
    if text.startswith(("{", "[{")):
        return _json_calls(text)
    if text.startswith("<"):
        return _named_element(text, known)
    name, _, rest = text.partition("\n")
    if rest.lstrip().startswith("{") and clean_name(name, known) in known:
        found = read_named(text, 0)
        return found.calls if found and not text[found.end :].strip() else ()
    if text.endswith((")", ")]")) and not text.startswith("("):
        return [NamedCall(*call) for call in read_python(text)]
    return ()


def _named_element(text: str, known: Collection[str]) -> Sequence[NamedCall]:
    """An element that has the name of a tool, with one element in it for each argument."""
    name = text[1 : text.find(">", 1, _WINDOW)]
    if name not in known or not text.endswith(f"</{name}>"):
        return ()
    body = text[len(name) + 2 : -len(name) - 3].strip()
    arguments = read_children(body) if body.startswith("<") else body
    return [NamedCall(name, arguments)]


def _json_calls(text: str) -> Sequence[NamedCall]:
    """The calls in JSON whose fields are those of calls, and nothing else."""
    if not text.endswith(("}", "]")):
        return ()
    values: list[Json] = []
    try:
        values = [orjson.loads(text)]
    except orjson.JSONDecodeError:
        try:
            values = [orjson.loads(line.rstrip(";,")) for line in text.split("\n") if line.strip()]
        except orjson.JSONDecodeError:
            return ()
    if len(values) == 1 and isinstance(values[0], dict) and list(values[0]) == ["tool_calls"]:
        values = [values[0]["tool_calls"]]
    items = [item for value in values for item in (value if isinstance(value, list) else [value])]
    if not all(_is_call(item) for item in items):
        return ()
    return [call for item in items for call in named_calls(item)]


def _is_call(value: Json) -> bool:
    """Whether an object is a call and nothing else: a name and arguments."""
    if not isinstance(value, Mapping) or not value.keys() <= _CALL_FIELDS or is_definition(value):
        return False
    inner = value.get("function")
    source = inner if isinstance(inner, Mapping) else value
    return ("arguments" in source) != ("parameters" in source)


def _known(known: Collection[str], calls: Sequence[NamedCall]) -> list[TextCall]:
    """The calls of known tools whose arguments can be read."""
    found: list[TextCall] = []
    for name, arguments in calls:
        cleaned = clean_name(name, known)
        if cleaned not in known:
            continue
        try:
            read = read_arguments(arguments) if isinstance(arguments, str) else arguments
        except ShapeError:
            continue
        found.append(TextCall(cleaned, read))
    return found
