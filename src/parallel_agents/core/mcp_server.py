"""MCP server: where the tools of a server of the Model Context Protocol come from.

The fields are those of the `mcpServers` form of Claude Code and Cursor, and some of our own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from functools import cache
from urllib.parse import urlsplit

from typing_extensions import override

from parallel_agents.core.annotations import Duration
from parallel_agents.core.checked import Checked
from parallel_agents.core.converted import Texts, default
from parallel_agents.core.json_value import Json, JsonObject
from parallel_agents.core.mcp_names import MOST_SERVER_CHARACTERS, is_server_name
from parallel_agents.core.shown import shown
from parallel_agents.errors import InvalidInput

START_SECONDS = 60.0
_INVALID = "the MCP server {} is not valid: "
_SECRET = ("env", "headers")  # of which no value is shown
_HTTP = frozenset({"http", "streamable-http", "streamablehttp", "streamable_http"})
_STDIO, _SSE = "stdio", "sse"
_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


@dataclass(frozen=True, slots=True, kw_only=True)
class McpServer(Checked):
    """A server of the Model Context Protocol: a command that is started, or an address.

    In `command`, `args`, `env`, `cwd`, `url` and `headers`, `${NAME}` and `${NAME:-default}` stand for variables of the
    environment, and `env:NAME` as a whole value does. What they hold is looked up when the server is
    started, and is stored nowhere.

    Attributes:
        name: what agents and permissions call it: letters, digits, dashes and single underscores.
        command: the program that is the server, which speaks on its standard streams.
        args: its arguments.
        env: its variables, beside the few that every server gets.
        cwd: the folder that it works in; empty for the project's, or that of the process.
        url: the address of a server that speaks streamable HTTP.
        headers: what each request carries.
        enabled_tools: the tools that are offered, as patterns such as `get_*`; empty for all.
        disabled_tools: the tools that are not.
        renamed_tools: other names for tools, by the names that the server gives them.
        trust_read_only: believe the server which of its tools only read; those need no permission.
        start_timeout_seconds: how long it may take until it answers.
        call_timeout_seconds: how long a call may take; None leaves it to the limits of the run.

    Raises:
        InvalidInput: it has neither a command nor an address, or both, or a name that no tool's
            name can begin with.
    """

    name: str
    command: str = ""
    args: Texts = default(())
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    cwd: str = ""
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    enabled_tools: Texts = default(())
    disabled_tools: Texts = default(())
    renamed_tools: Mapping[str, str] = field(default_factory=dict[str, str])
    trust_read_only: bool = False
    start_timeout_seconds: Duration = START_SECONDS
    call_timeout_seconds: Duration | None = None

    @classmethod
    @override
    def written(cls) -> str:
        return 'McpServer(name="files", command="npx", args=("-y", "PACKAGE"))'

    @override
    def _check(self) -> None:
        for fault in self._faults():
            raise InvalidInput(
                f"{_INVALID.format(shown(self.name))}{fault}",
                hint="`pagents docs mcp-servers` says what a server takes",
            )

    def _faults(self) -> Iterator[str]:
        if not is_server_name(self.name):
            yield (
                f"its name must have letters, digits, dashes and single underscores, at most "
                f"{MOST_SERVER_CHARACTERS}, since its tools are called mcp__NAME__TOOL"
            )
        if bool(self.command.strip()) == bool(self.url.strip()):
            yield "it needs a command or a url, and not both"
        if self.url:
            if misplaced := [name for name in ("args", "env", "cwd") if getattr(self, name)]:
                yield f"{misplaced[0]} is for a server with a command, and it has a url"
            if fault := _fault_of_url(self.url):
                yield fault
        elif self.headers:
            yield "headers are for a server with a url, and it has a command"
        yield from _faults_of_texts(self)


def _faults_of_texts(server: McpServer) -> Iterator[str]:
    if any("\0" in text for text in (server.command, *server.args, server.cwd)):
        yield "its command has a NUL character"
    for name in server.env:
        if not name or "=" in name or "\0" in name:
            yield f"{shown(name)} in env is not the name of a variable"
    for name in server.headers:
        if not _HEADER_NAME.fullmatch(name):
            yield f"{shown(name)} in headers is not the name of a header"
    for name in server.renamed_tools.values():
        if not _TOOL_NAME.fullmatch(name):
            yield f"renamed_tools takes names of letters, digits, - and _, not {shown(name)}"


def _fault_of_url(url: str) -> str:
    if url.startswith("${"):
        return ""  # it is checked when it is known
    try:
        parts = urlsplit(url)
    except ValueError:
        return "its url cannot be read"
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return "its url must begin with http:// or https:// and a host"
    if "@" in parts.netloc:
        return "its url has a user or a password: write them as headers, by reference"
    return ""


@cache
def _field_names() -> tuple[str, ...]:
    return tuple(each.name for each in fields(McpServer) if each.name != "name")


def read_server(name: str, table: Json) -> McpServer:
    """A server from its entry in a file.

    Args:
        name: what the entry is called.
        table: the entry: the fields of `McpServer`, and the `type` that other programs write.

    Raises:
        ValueError: an unknown field, or a value that a field does not take.
    """
    if not isinstance(table, Mapping):
        raise ValueError("it must be a table of names and values")  # noqa: TRY004 - for pydantic
    given = dict(table)
    _check_type(given.pop("type", None), given)
    for unknown in given.keys() - {*_field_names()}:
        close = get_close_matches(unknown, _field_names(), n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"it takes {', '.join(_field_names())}"
        raise ValueError(f"there is no field {unknown!r} of an MCP server; {hint}")
    for part in _SECRET:
        values = given.get(part)
        wrong = (
            [key for key in values if not isinstance(values[key], str)]
            if isinstance(values, Mapping)
            else []
        )
        if wrong:
            raise ValueError(f"{part}.{wrong[0]} must be text")
    try:
        return McpServer(name=name, **given)  # pyright: ignore[reportArgumentType] - it checks
    except InvalidInput as error:
        why = f" ({error.why})" if error.why else ""
        said = error.message.removeprefix(_INVALID.format(shown(name)))
        raise ValueError(f"{said}{why}") from None


def _check_type(kind: Json, table: JsonObject) -> None:
    """Refuse a `type` that is not served, or that the other fields contradict.

    Raises:
        ValueError: it is the deprecated one, an unknown one, or the wrong one.
    """
    if kind is None:
        return
    name = kind.lower() if isinstance(kind, str) else ""
    if name == _SSE:
        raise ValueError(
            "the transport sse is deprecated and not supported; write the address for streamable "
            'HTTP, which often ends in /mcp, and type "http"'
        )
    needed = "command" if name == _STDIO else "url" if name in _HTTP else ""
    if not needed:
        raise ValueError(f"type is {shown(kind)}; it takes stdio or http")
    if needed not in table:
        raise ValueError(f"type is {name}, and it has no {needed}")
