"""References: variables in a server's entry, looked up when the server is started, as Claude Code does.

`${NAME}` and `${NAME:-default}` may be anywhere in a text, `${env:NAME}` is how Cursor writes the
first, and `env:NAME` as a whole value is how keys of providers are written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from parallel_agents.core.mcp_server import McpServer
from parallel_agents.errors import ConfigError, MissingKey

ReadVariable = Callable[[str], str | None]

_REFERENCE = re.compile(r"\$\{(?P<name>[^${}:]*)(?::(?P<more>[^${}]*))?\}")
_WHOLE = re.compile(r"env:(?P<name>[A-Za-z_][A-Za-z0-9_]*)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LEAST_SECRET = 6


class Missing(NamedTuple):
    """A variable that a server's entry names and that is not set."""

    name: str
    where: str


@dataclass(slots=True)
class Values:
    """The texts of a server's entry with the values of what they refer to.

    Attributes:
        secrets: each value that came from a variable, with what stands for it when it is shown.
        missing: the variables that are not set.
    """

    read: ReadVariable
    secrets: dict[str, str] = field(default_factory=dict[str, str])
    missing: list[Missing] = field(default_factory=list[Missing])

    def text(self, text: str, where: str) -> str:
        """A text with its references replaced."""

        def value(match: re.Match[str]) -> str:
            name, more = match["name"], match["more"]
            if name == "env" and more is not None:
                name, more = more, None
            if not _NAME.fullmatch(name) or (more is not None and not more.startswith("-")):
                self.missing.append(Missing(match[0], where))
                return ""
            default = None if more is None else more.removeprefix("-")
            return self._value(name, default, match[0], where)

        return _REFERENCE.sub(value, text)

    def secret(self, text: str, where: str) -> str:
        """A text that may be, as a whole, a reference `env:NAME`."""
        if whole := _WHOLE.fullmatch(text.strip()):
            return self._value(whole["name"], None, text.strip(), where)
        return self.text(text, where)

    def _value(self, name: str, default: str | None, reference: str, where: str) -> str:
        found = self.read(name)
        if found:
            if len(found) >= _LEAST_SECRET:
                self.secrets[found] = reference
            return found
        if default is None:
            self.missing.append(Missing(name, where))
            return ""
        return default

    def hide(self, text: str) -> str:
        """A text of a server without the values that came from variables."""
        for value, reference in self.secrets.items():
            text = text.replace(value, reference)
        return text


class Resolved(NamedTuple):
    """A server's entry with the values of what it refers to; never stored and never shown."""

    command: tuple[str, ...]
    folder: str
    env: Mapping[str, str]
    url: str
    headers: Mapping[str, str]
    values: Values


def resolve(server: McpServer, read: ReadVariable) -> Resolved:
    """What a server is started with.

    Raises:
        MissingKey: a variable that the entry names is not set, or empty; the error names it.
        ConfigError: a header has a value that cannot be sent.
    """
    values = Values(read)
    resolved = Resolved(
        command=tuple(values.text(text, where) for text, where in _command(server)),
        folder=values.text(server.cwd, "cwd"),
        env={name: values.secret(text, f"env.{name}") for name, text in server.env.items()},
        url=values.text(server.url, "url"),
        headers={
            name: values.secret(text, f"headers.{name}") for name, text in server.headers.items()
        },
        values=values,
    )
    if values.missing:
        raise _missing(server, values.missing)
    for name, value in resolved.headers.items():
        if not (value.isascii() and value.isprintable()):
            raise ConfigError(
                f"headers.{name} of the MCP server {server.name} cannot be sent",
                why="its value has the end of a line, or a character that is not ASCII",
                hint="correct the value, or the variable that it comes from",
            )
    return resolved


def _command(server: McpServer) -> Iterator[tuple[str, str]]:
    if server.command:
        yield server.command, "command"
        yield from ((text, f"args[{number}]") for number, text in enumerate(server.args))


def _missing(server: McpServer, missing: list[Missing]) -> MissingKey:
    name, where = missing[0]
    if not _NAME.fullmatch(name):
        return MissingKey(
            f"{name} in {where} of the MCP server {server.name} stands for nothing here",
            why="a reference has the form ${NAME} or ${NAME:-default}",
            hint="write the value itself, or the name of a variable",
        )
    others = ", ".join(dict.fromkeys(each.name for each in missing[1:] if each.name != name))
    return MissingKey(
        f"{name} is not set, and {where} of the MCP server {server.name} names it",
        why=f"so are {others}" if others else "",
        hint=f"export {name}=..., or give it a default: ${{{name}:-default}}",
    )
