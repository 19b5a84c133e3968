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

from typing_extensions import override

from parallel_agents.core.checked import Checked
from parallel_agents.core.command_line import (
    Started,
    Words,
    simple_commands,
    started_commands,
)
from parallel_agents.core.converted import Texts, default
from parallel_agents.core.mcp_names import is_vain_pattern, names_tool
from parallel_agents.core.path_pattern import path_matches
from parallel_agents.core.shown import shown
from parallel_agents.core.tool import SubjectKind, ToolSpec
from parallel_agents.core.web_address import BadAddress, WebAddress, url_matches, url_touches
from parallel_agents.errors import InvalidInput

ANY = "*"

# A server may call a tool as it likes; what a pattern or parentheses would mean is left out.
_BY_ITS_SERVER = r"mcp__[^()\[\]?*\n]*[^()\[\]?*\s]"
_RULE = re.compile(
    rf"(?P<tool>\*|[A-Za-z][A-Za-z0-9_.-]*\*?|{_BY_ITS_SERVER})(?:\((?P<pattern>.*)\))?", re.DOTALL
)
_MOST_CHARACTERS = 1000
_BLANK = re.compile(r"\s")
_LOOKING = ("read_file", "list_files", "glob", "grep", "fetch", "web_search")


class Ruling(StrEnum):
    """What becomes of a call."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


class Decision(NamedTuple):
    """What becomes of a call.

    Attributes:
        rule: the rule that said so; empty if none spoke.
        about: what the call is about, with which the rules were compared.
    """

    ruling: Ruling
    rule: str
    about: str = ""


class Rule(NamedTuple):
    """A rule: the tool that it names, and the pattern of the calls; empty for all."""

    tool: str
    pattern: str

    @property
    def text(self) -> str:
        return f"{self.tool}({self.pattern})" if self.pattern else self.tool

    def names(self, tool: str) -> bool:
        return fnmatchcase(tool, self.tool) or names_tool(self.tool, tool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions(Checked):
    """Rules for tool calls.

        Permissions(allow=("read_file", "shell(git *)"), ask=("shell",), deny=("shell(curl *)",))

    Attributes:
        allow: the calls that are made.
        ask: the calls that wait for a person's answer.
        deny: the calls that are refused.

    Raises:
        InvalidInput: a rule is not of the form `tool` or `tool(pattern)`.
    """

    allow: Texts = default(())
    ask: Texts = default(())
    deny: Texts = default(())

    @classmethod
    def read_only(cls) -> Permissions:
        """Reads files and the web, and changes nothing."""
        return cls(allow=_LOOKING)

    @classmethod
    def admin(cls) -> Permissions:
        """Calls every tool, as far as what holds above allows it."""
        return cls(allow=(ANY,))

    @override
    def _check(self) -> None:
        for rules in (self.allow, self.ask, self.deny):
            for rule in rules:
                parse_rule(rule)

    @property
    def only_takes_away(self) -> bool:
        """Whether calls that no rule covers are left to others."""
        return not (self.allow or self.ask)


NO_PERMISSIONS = Permissions()
PROFILES: Mapping[str, Callable[[], Permissions]] = MappingProxyType(
    {"read_only": Permissions.read_only, "admin": Permissions.admin}
)


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
    if is_vain_pattern(match["tool"]):
        raise InvalidInput(
            f"{shown(text)} is a permission for no tool",
            why="tools of MCP servers have names of 64 letters, digits, dashes and underscores",
            hint="name the server, as mcp__SERVER, or a tool; `pagents mcp check` shows their names",
        )
    pattern = (match["pattern"] or "").strip()
    return Rule(match["tool"], "" if pattern == ANY else pattern)


def decide(layers: Sequence[Permissions], spec: ToolSpec, about: str) -> Decision:
    """What becomes of a call under several layers of permissions, all of which must agree.

    If no rule applies, what reads or reaches nothing is allowed; what writes, runs or leaves the
    machine is denied.

    Args:
        layers: the outermost first; one that only denies leaves the rest to the others.
        spec: the tool.
        about: what the call is about: the argument that is the tool's subject and, for a path,
            where it leads; empty if the tool does not say.
    """
    ruling, rule = _ruled(layers, spec, _subject(spec, about))
    return Decision(ruling, rule, about)


def _ruled(layers: Sequence[Permissions], spec: ToolSpec, subject: _Subject) -> tuple[Ruling, str]:
    found = [_decide(layer, spec, subject) for layer in layers]
    for ruling in (Ruling.DENY, Ruling.ASK):
        for decision in found:
            if decision is not None and decision.ruling is ruling:
                return ruling, decision.rule
    spoken = [decision for decision in found if decision is not None]
    silent = [
        layer
        for layer, decision in zip(layers, found, strict=True)
        if decision is None and not layer.only_takes_away
    ]
    if spec.access.is_free or (spoken and not silent):
        return Ruling.ALLOW, spoken[-1].rule if spoken else ""
    return Ruling.DENY, ""


def is_denied(layers: Sequence[Permissions], tool: str, subject: str) -> bool:
    """Whether a rule denies a tool what it reaches by a path that leads there."""
    about = _PathSubject(subject)
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
    if spec.access.is_free:
        return True
    speaking = [layer for layer in layers if not layer.only_takes_away]
    return bool(speaking) and all(_names((*x.allow, *x.ask), spec.name) for x in speaking)


def rules_for(layer: Permissions, ruling: Ruling, tool: str) -> Sequence[Rule]:
    """The rules of a layer that say this of calls of a tool."""
    match ruling:
        case Ruling.ALLOW:
            rules = layer.allow
        case Ruling.ASK:
            rules = layer.ask
        case Ruling.DENY:
            rules = layer.deny
    if not rules:
        return ()
    return [rule for rule in map(parse_rule, rules) if rule.names(tool)]


def _names(rules: Iterable[str], tool: str, *, is_whole: bool = False) -> bool:
    parsed = map(parse_rule, rules)
    return any(rule.names(tool) and not (is_whole and rule.pattern) for rule in parsed)


def _decide(layer: Permissions, spec: ToolSpec, subject: _Subject) -> Decision | None:
    for ruling in (Ruling.DENY, Ruling.ASK):
        for rule in rules_for(layer, ruling, spec.name):
            if subject.touches(rule.pattern):
                return Decision(ruling, rule.text)
    if rule := subject.covered_by(rules_for(layer, Ruling.ALLOW, spec.name)):
        return Decision(Ruling.ALLOW, rule.text)
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


class _PathSubject(_Subject):
    """A path: restricted by a rule that speaks of it, or of a folder above it."""

    def __init__(self, text: str) -> None:
        super().__init__(text, SubjectKind.PATH)
        steps = text.split("/")
        self._above = ["/".join(steps[:end]) for end in range(1, len(steps))]

    @override
    def touches(self, pattern: str) -> bool:
        return super().touches(pattern) or any(
            path_matches(pattern, above) for above in self._above if above
        )

    @override
    def covered_by(self, rules: Sequence[Rule]) -> Rule | None:
        return next(
            (rule for rule in rules if super(_PathSubject, self).touches(rule.pattern)), None
        )


class _CommandSubject(_Subject):
    """A command line: restricted if any of its commands is, allowed if all of them are."""

    def __init__(self, text: str) -> None:
        super().__init__(text, SubjectKind.TEXT)
        self._commands = simple_commands(text)
        self._started = started_commands(text)

    @override
    def touches(self, pattern: str) -> bool:
        if not pattern or self._started is None:
            return True
        return any(_could_match(pattern, command) for command in self._started)

    @override
    def covered_by(self, rules: Sequence[Rule]) -> Rule | None:
        whole = next((rule for rule in rules if not rule.pattern), None)
        if whole is not None or not self._commands:
            return whole
        found = [
            next((rule for rule in rules if _is_allowed_by(rule.pattern, words)), None)
            for words in self._commands
        ]
        return None if None in found else found[-1]


class _UrlSubject(_Subject):
    """A URL; one that programs could read in different ways is restricted by every rule."""

    def __init__(self, text: str) -> None:
        super().__init__(text, SubjectKind.TEXT)
        try:
            self._address = WebAddress.parse(text)
        except BadAddress:
            self._address = None

    @override
    def touches(self, pattern: str) -> bool:
        return not pattern or self._address is None or url_touches(pattern, self._address)

    @override
    def covered_by(self, rules: Sequence[Rule]) -> Rule | None:
        at = self._address
        return next(
            (x for x in rules if not x.pattern or (at is not None and url_matches(x.pattern, at))),
            None,
        )


def _subject(spec: ToolSpec, about: str) -> _Subject:
    match SubjectKind.TEXT if spec.subject is None else spec.subject.kind:
        case SubjectKind.COMMAND:
            return _CommandSubject(about)
        case SubjectKind.PATH:
            return _PathSubject(about)
        case SubjectKind.URL:
            return _UrlSubject(about)
        case kind:
            return _Subject(about, kind)


def _is_allowed_by(pattern: str, words: Words) -> bool:
    """Whether a command is one that `git *`, `git status`, `git:*` or `* --version` allows.

    The first word is compared by itself: one that holds blanks is not another program. `*` stands
    for no slash in it, so that `pytest*` allows no program in a folder of that name.
    """
    program, arguments = _command_pattern(pattern)
    wanted, steps = program.split("/"), words[0].split("/")
    is_program = program == ANY or (
        len(wanted) == len(steps) and all(map(fnmatchcase, steps, wanted))
    )
    # Blanks in a word are not those between words.
    return is_program and _arguments_match(arguments, [_BLANK.sub("\0", x) for x in words[1:]])


def _could_match(pattern: str, command: Started) -> bool:
    """Whether a command may be one that a pattern speaks of."""
    program, arguments = _command_pattern(pattern)
    wanted = {program, program.rpartition("/")[2] or program}
    named = {command.words[command.at], command.program}
    is_program = any(
        fnmatchcase(name, each) or fnmatchcase(each, name) for name in named for each in wanted
    )
    return is_program and _arguments_match(arguments, command.arguments)


def _command_pattern(pattern: str) -> tuple[str, str]:
    """A pattern's first word and what it says of the arguments: `*` at an end is any, or none."""
    if pattern.endswith(":*"):
        pattern = f"{pattern[:-2]} *"
    program, _, arguments = pattern.partition(" ")
    return program, arguments.strip() or (ANY if program.endswith(ANY) else "")


def _arguments_match(pattern: str, arguments: Sequence[str]) -> bool:
    text = " ".join(arguments)
    return (
        pattern == ANY
        or fnmatchcase(text, pattern)
        or (pattern.endswith(" *") and fnmatchcase(text, pattern[:-2]))
    )


def _text_matches(pattern: str, text: str) -> bool:
    return fnmatchcase(text, pattern)


_Matcher: TypeAlias = Callable[[str, str], bool]
_MATCHERS: Mapping[SubjectKind, _Matcher] = MappingProxyType(
    {
        SubjectKind.TEXT: _text_matches,
        SubjectKind.COMMAND: _text_matches,
        SubjectKind.PATH: path_matches,
    }
)
