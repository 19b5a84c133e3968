"""Permission: which calls of tools a session may make, by rules such as `shell(git *)`.

A rule names a tool, or `*` for any, and may add a pattern in parentheses; the form is the one that
Claude Code's settings have. A rule that denies overrides one that asks, which overrides one that
allows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from types import MappingProxyType
from typing import NamedTuple, TypeAlias
from urllib.parse import urlsplit

from typing_extensions import override

from parallel_agents.core.checked import Checked
from parallel_agents.core.command_line import Words, simple_commands, started_commands
from parallel_agents.core.path_pattern import path_matches
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.shown import shown
from parallel_agents.core.tool import Access, SubjectKind, ToolSpec
from parallel_agents.errors import InvalidInput

ANY = "*"

_RULE = re.compile(r"(?P<tool>\*|[A-Za-z][A-Za-z0-9_.-]*\*?)(?:\((?P<pattern>.*)\))?", re.DOTALL)
_MOST_CHARACTERS = 1000
_RESTRICTED = frozenset({Access.WRITE, Access.RUN, Access.NETWORK})


class Verdict(StrEnum):
    """What becomes of a call."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


class Decision(NamedTuple):
    """A verdict, and the rule that gave it; empty if no rule spoke."""

    verdict: Verdict
    rule: str


class Rule(NamedTuple):
    """A rule: the tool that it names, and the pattern of the calls; empty for all."""

    tool: str
    pattern: str

    @property
    def text(self) -> str:
        return f"{self.tool}({self.pattern})" if self.pattern else self.tool

    def names(self, tool: str) -> bool:
        return fnmatchcase(tool, self.tool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions(Checked):
    """Rules for the calls of tools.

        Permissions(allow=("read_file", "shell(git *)"), ask=("shell",), deny=("shell(curl *)",))

    Attributes:
        allow: the calls that are made.
        ask: the calls that wait for a person's answer.
        deny: the calls that are refused.

    Raises:
        InvalidInput: a rule is not of the form `tool` or `tool(pattern)`.
    """

    allow: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    @override
    def _check(self) -> None:
        for rules in (self.allow, self.ask, self.deny):
            for rule in rules:
                parse_rule(rule)

    @property
    def only_takes_away(self) -> bool:
        """Whether calls that no rule speaks of are left to others."""
        return not (self.allow or self.ask)


NO_PERMISSIONS = Permissions()


@lru_cache(maxsize=1024)
def parse_rule(text: str) -> Rule:
    """A rule from its text.

    Raises:
        InvalidInput: it is not of the form `tool` or `tool(pattern)`.
    """
    match = _RULE.fullmatch(text.strip()) if len(text) <= _MOST_CHARACTERS else None
    if match is None:
        raise InvalidInput(
            f"{shown(text)} is not a permission",
            why="a permission is a tool, or a tool with a pattern in parentheses",
            hint="write it as read_file, shell(git *), write_file(docs/**) or fetch(example.com)",
        )
    pattern = (match["pattern"] or "").strip()
    return Rule(match["tool"], "" if pattern == ANY else pattern)


def decide(layers: Sequence[Permissions], spec: ToolSpec, about: str) -> Decision:
    """What becomes of a call under several layers of permissions, all of which must agree.

    If no rule speaks, what reads or reaches nothing is allowed; what writes, runs or leaves the
    machine is denied.

    Args:
        layers: the outermost first; one that only denies leaves the rest to the others.
        spec: the tool.
        about: what the call is about, as `subject_of` tells it.
    """
    subject = _subject(spec, about)
    found = [_decide(layer, spec, subject) for layer in layers]
    for verdict in (Verdict.DENY, Verdict.ASK):
        for decision in found:
            if decision is not None and decision.verdict is verdict:
                return decision
    spoken = [decision for decision in found if decision is not None]
    silent = [
        layer
        for layer, decision in zip(layers, found, strict=True)
        if decision is None and not layer.only_takes_away
    ]
    if spec.access not in _RESTRICTED or (spoken and not silent):
        return spoken[-1] if spoken else Decision(Verdict.ALLOW, "")
    return Decision(Verdict.DENY, "")


def subject_of(spec: ToolSpec, arguments: JsonObject, folder: str = "") -> str:
    """What a call is about, such as the path of a file; empty if its tool does not say.

    A path in `folder`, where the call works, is told from there on.
    """
    if spec.subject is None:
        return ""
    value = arguments.get(spec.subject.argument, "")
    text = value if isinstance(value, str) else ""
    is_inside = folder and spec.subject.kind is SubjectKind.PATH
    return text.removeprefix(f"{folder.rstrip('/')}/") if is_inside else text


def is_denied(layers: Sequence[Permissions], tool: str, subject: str) -> bool:
    """Whether a rule denies a tool what it reaches by a path that leads there."""
    about = _Subject(subject, SubjectKind.PATH)
    return any(
        rule.names(tool) and about.touches(rule.pattern)
        for layer in layers
        for rule in map(parse_rule, layer.deny)
    )


def hidden_by(layers: Sequence[Permissions], tool: str) -> Callable[[str], bool] | None:
    """Whether a rule denies a tool a path; None if no rule denies it any."""
    rules = (parse_rule(rule) for layer in layers for rule in layer.deny)
    return partial(is_denied, layers, tool) if any(rule.names(tool) for rule in rules) else None


def may_ever(layers: Sequence[Permissions], spec: ToolSpec) -> bool:
    """Whether these layers could allow or ask for any call of a tool."""
    if any(_names(layer.deny, spec.name, is_whole=True) for layer in layers):
        return False
    if spec.access not in _RESTRICTED:
        return True
    speaking = [layer for layer in layers if not layer.only_takes_away]
    return bool(speaking) and all(_names((*x.allow, *x.ask), spec.name) for x in speaking)


def _names(rules: Iterable[str], tool: str, *, is_whole: bool = False) -> bool:
    parsed = map(parse_rule, rules)
    return any(rule.names(tool) and not (is_whole and rule.pattern) for rule in parsed)


def _decide(layer: Permissions, spec: ToolSpec, subject: _Subject) -> Decision | None:
    for rules, verdict in (
        (layer.deny, Verdict.DENY),
        (layer.ask, Verdict.ASK),
    ):
        for rule in map(parse_rule, rules):
            if rule.names(spec.name) and subject.touches(rule.pattern):
                return Decision(verdict, rule.text)
    named = [rule for rule in map(parse_rule, layer.allow) if rule.names(spec.name)]
    if rule := subject.covered_by(named):
        return Decision(Verdict.ALLOW, rule.text)
    return None


class _Subject:
    """What a call is about, to be compared with patterns."""

    def __init__(self, text: str, kind: SubjectKind) -> None:
        self._text = text
        self._matches = _MATCHERS[kind]

    def touches(self, pattern: str) -> bool:
        """Whether a rule that restricts speaks of any part of the call."""
        return not pattern or self._matches(pattern, self._text)

    def covered_by(self, rules: Sequence[Rule]) -> Rule | None:
        """The rule that allows the call as a whole; None if there is none."""
        return next((rule for rule in rules if self.touches(rule.pattern)), None)


class _CommandSubject(_Subject):
    """A command line: restricted if any of its commands is, allowed if all of them are."""

    def __init__(self, text: str) -> None:
        super().__init__(text, SubjectKind.TEXT)
        self._commands = simple_commands(text)
        self._started = started_commands(text)

    @override
    def touches(self, pattern: str) -> bool:
        return not pattern or any(_command_matches(pattern, words) for words in self._started)

    @override
    def covered_by(self, rules: Sequence[Rule]) -> Rule | None:
        whole = next((rule for rule in rules if not rule.pattern), None)
        if whole is not None or not self._commands:
            return whole
        found = [
            next((rule for rule in rules if _command_matches(rule.pattern, words)), None)
            for words in self._commands
        ]
        return None if None in found else found[-1]


def _subject(spec: ToolSpec, about: str) -> _Subject:
    kind = SubjectKind.TEXT if spec.subject is None else spec.subject.kind
    return _CommandSubject(about) if kind is SubjectKind.COMMAND else _Subject(about, kind)


def _command_matches(pattern: str, words: Words) -> bool:
    """Whether a command matches `git *`, `git status`, `git:*` or `* --version`.

    The last ` *` stands for any further words, or none.
    """
    if pattern.endswith(":*"):
        pattern = f"{pattern[:-2]} *"
    command = " ".join(words)
    return fnmatchcase(command, pattern) or (
        pattern.endswith(" *") and fnmatchcase(command, pattern[:-2])
    )


def _url_matches(pattern: str, url: str) -> bool:
    """Whether an address matches a host, `*.host`, `domain:host` or an address with `*`."""
    if "://" in pattern:
        return fnmatchcase(url, pattern)
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return fnmatchcase(host.rstrip("."), pattern.removeprefix("domain:").lower())


def _text_matches(pattern: str, text: str) -> bool:
    return fnmatchcase(text, pattern)


_Matcher: TypeAlias = Callable[[str, str], bool]
_MATCHERS: Mapping[SubjectKind, _Matcher] = MappingProxyType(
    {
        SubjectKind.TEXT: _text_matches,
        SubjectKind.COMMAND: _text_matches,
        SubjectKind.PATH: path_matches,
        SubjectKind.URL: _url_matches,
    }
)
