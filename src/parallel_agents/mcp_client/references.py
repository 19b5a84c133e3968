"""References: secrets and variables in a server's entry, looked up when the server is started.

`${NAME}` and `${NAME:-default}` may be anywhere in a text, as Claude Code writes them, and
`${env:NAME}` is how Cursor writes the first; `${file:PATH}`, `${cmd:COMMAND}` and
`${keyring:SERVICE/USER}` are ours. In `env` and `headers`, a reference may also be the whole value,
as of the key of a provider.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from parallel_agents.core.mcp_server import McpServer
from parallel_agents.core.reference import Reference, Scheme, parse_reference
from parallel_agents.errors import ConfigError, MissingKey
from parallel_agents.secrets.looking_up import LOOKUPS, known_as

ReadVariable = Callable[[str], str | None]

_REFERENCE = re.compile(r"\$\{(?P<name>[^${}:]*)(?::(?P<more>[^${}]*))?\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What tells a variable with a secret from one with a folder or the name of a team.
_OF_SECRETS = re.compile(
    r"key|token|secret|passw|auth|cred|private|cookie|session|_pat\b|^headers", re.I
)


class Missing(NamedTuple):
    """A variable that a server's entry names and that is not set."""

    name: str
    where: str


@dataclass(slots=True)
class Values:
    """The texts of a server's entry with the values of what they refer to.

    Attributes:
        read: returns the value of a variable, or None.
        found: what was looked up elsewhere; None to leave that empty, for a look at the rest.
        missing: the variables that are not set.
        elsewhere: what is not in a variable, with the place that names it.
    """

    read: ReadVariable
    found: Mapping[Reference, str] | None = None
    missing: list[Missing] = field(default_factory=list[Missing])
    elsewhere: dict[Reference, str] = field(default_factory=dict[Reference, str])

    def text(self, text: str, where: str) -> str:
        """A text with its references replaced."""

        def value(match: re.Match[str]) -> str:
            name, more = match["name"], match["more"]
            if more is not None and not more.startswith("-"):
                return self._referred(f"{name}:{more}", match[0], where)
            if not _NAME.fullmatch(name):
                self.missing.append(Missing(match[0], where))
                return ""
            return self._variable(name, None if more is None else more[1:], where)

        return _REFERENCE.sub(value, text)

    def secret(self, text: str, where: str) -> str:
        """A text that may be, as a whole, a reference."""
        try:
            parse_reference(text)
        except ValueError:
            return self.text(text, where)
        return self._referred(text, text.strip(), where)

    def _referred(self, reference: str, written: str, where: str) -> str:
        try:
            parsed = parse_reference(reference)
        except ValueError:
            self.missing.append(Missing(written, where))
            return ""
        if parsed.scheme is Scheme.ENV:
            return self._variable(parsed.target, None, where)
        self.elsewhere[parsed] = where
        return "" if self.found is None else self.found[parsed]

    def _variable(self, name: str, default: str | None, where: str) -> str:
        found = self.read(name)
        if found:
            return known_as(found, name) if _OF_SECRETS.search(f"{where} {name}") else found
        if default is None:
            self.missing.append(Missing(name, where))
            return ""
        return default


class Resolved(NamedTuple):
    """A server's entry with the values of what it refers to; never stored and never shown."""

    command: tuple[str, ...]
    folder: str
    env: Mapping[str, str]
    url: str
    headers: Mapping[str, str]
    elsewhere: Mapping[Reference, str]


async def looked_up(server: McpServer, read: ReadVariable) -> Resolved:
    """What a server is started with.

    Raises:
        MissingKey: a variable that the entry names is not set, or empty; the error names it.
        ConfigError: a secret cannot be looked up, or a header has a value that cannot be sent.
    """
    found: dict[Reference, str] = {}
    for reference, where in resolve(server, read).elsewhere.items():
        found[reference] = await LOOKUPS.get(reference, where.rpartition(".")[2], read)
    return resolve(server, read, found)


def resolve(
    server: McpServer, read: ReadVariable, found: Mapping[Reference, str] | None = None
) -> Resolved:
    """What a server is started with, except for what is neither in variables nor in `found`.

    Raises:
        MissingKey: a variable that the entry names is not set, or empty; the error names it.
        ConfigError: a header has a value that cannot be sent.
    """
    values = Values(read, found)
    resolved = Resolved(
        command=tuple(values.text(text, where) for text, where in _command(server)),
        folder=values.text(server.cwd, "cwd"),
        env={name: values.secret(text, f"env.{name}") for name, text in server.env.items()},
        url=values.text(server.url, "url"),
        headers={
            name: values.secret(text, f"headers.{name}") for name, text in server.headers.items()
        },
        elsewhere=values.elsewhere,
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
            why="a reference has the form ${NAME}, ${NAME:-default}, ${file:/PATH}, ${cmd:COMMAND} or "
            "${keyring:SERVICE/USER}",
            hint="write the value itself, or one of these",
        )
    others = ", ".join(dict.fromkeys(each.name for each in missing[1:] if each.name != name))
    return MissingKey(
        f"{name} is not set, and {where} of the MCP server {server.name} names it",
        why=f"so are {others}" if others else "",
        hint=f"export {name}=..., or give it a default: ${{{name}:-default}}",
    )
