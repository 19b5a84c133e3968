"""Reading: what an error in any form says, as one value: its codes, and the server's own words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from parallel_agents.core.schema import Json
from parallel_agents.errors.provider import Rejection
from parallel_agents.models.failures.fields import PAGE, SENTENCES, Field, fields_of

_MOST_TEXT: Final = 8_000
_MOST_SENTENCES: Final = 3
_NUMBERS: Final = frozenset(
    {"code", "error_code", "http_status", "status", "status_code", "statuscode"}
)
_CODES: Final = frozenset({"__type", "code", "error_code", "errorcode", "limit_source", "reason"})
_KINDS: Final = frozenset({"error_type", "status", "type"})
_PARAMETERS: Final = frozenset({"field", "param", "parameter"})
_OTHERS: Final = frozenset({"quotaid", "quotametric", "quotavalue", PAGE})
_WORDLESS: Final = frozenset({"", "error", "fail", "failed", "false", "none", "null", "true"})
# Sentences that say nothing by themselves; those of the server behind a gateway follow them.
_VAGUE: Final = re.compile(
    r"(?:\S+ ){0,2}\S+|(?:upstream|provider|error|bad|internal)\b.{0,40}\berror\b.{0,20}", re.I
)


@dataclass(slots=True)
class _Facts:
    """What the fields of an error say, in their order."""

    codes: list[str] = field(default_factory=list[str])
    kinds: list[str] = field(default_factory=list[str])
    parameters: list[str] = field(default_factory=list[str])
    sentences: list[str] = field(default_factory=list[str])
    others: list[str] = field(default_factory=list[str])

    def take(self, found: Field) -> None:
        name, value = found
        text = str(value).strip()
        if isinstance(value, bool) or text.lower() in _WORDLESS:
            return
        if name in _CODES:
            self.codes.append(text)
        elif name in _KINDS:
            self.kinds.append(text)
        elif name in _PARAMETERS:
            self.parameters.append(text)
        elif name in SENTENCES and isinstance(value, str):
            if not any(text in known for known in self.sentences):
                self.sentences.append(text)
        elif name in _OTHERS:
            self.others.append(f"{name} {text}")

    def sentence(self) -> str:
        """The server's sentence; a code if there is none."""
        if not self.sentences:
            return next((text for text in (*self.codes, *self.kinds) if not text.isdigit()), "")
        if self.parameters[1:]:
            return "; ".join(self.sentences[:_MOST_SENTENCES])
        first, *others = self.sentences
        if others and _VAGUE.fullmatch(first):
            return f"{first.rstrip('.:')}: {others[0]}"
        return first


def read_error(value: Json, status: int) -> Rejection:
    """What an error in any form says; `status` is the HTTP status that it stands for."""
    facts = _Facts()
    for found in fields_of(value):
        facts.take(found)
    names = frozenset(text.lower() for text in (*facts.codes, *facts.kinds))
    text = "\n".join([*facts.sentences, *sorted(names), *facts.parameters, *facts.others])
    sentence = facts.sentence()
    # The title of a page often begins with the status, which is told already.
    rest = re.sub(rf"^(?:error )?{status}\b[\s:|-]*", "", sentence, flags=re.I)
    return Rejection(
        status=status,
        code=next((code for code in facts.codes if not _is_status(code)), ""),
        kind=facts.kinds[0] if facts.kinds else "",
        param=facts.parameters[0] if facts.parameters else "",
        message=rest or sentence,
        names=names,
        text=text[:_MOST_TEXT].lower(),
    )


def status_in(value: Json) -> int | None:
    """The HTTP status that an error names itself, such as `"code": 502`; None if it names none."""
    for name, found in fields_of(value):
        if name in _NUMBERS and not isinstance(found, bool):
            number = re.match(r"[45]\d\d\b", str(found))
            if number is not None:
                return int(number[0])
    return None


def _is_status(code: str) -> bool:
    return re.fullmatch(r"[1-5]\d\d", code) is not None
