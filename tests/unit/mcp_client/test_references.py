"""References in entries: variables as Claude Code and Cursor write them, never silently empty."""

from __future__ import annotations

import pytest

from parallel_agents.core.mcp_server import McpServer
from parallel_agents.errors import ConfigError, MissingKey
from parallel_agents.mcp_client.references import resolve
from parallel_agents.secrets.known import KNOWN

VARIABLES = {"TOKEN": "t0k3n-value", "EMPTY": "", "HOME": "/home/ana", "SHORT": "ab"}


def header(text: str) -> str:
    server = McpServer(name="one", url="https://x", headers={"A": text})
    return resolve(server, VARIABLES.get).headers["A"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("Bearer ${TOKEN}", "Bearer t0k3n-value"),
        ("${TOKEN}${TOKEN}", "t0k3n-valuet0k3n-value"),
        ("${NO_SUCH:-other}", "other"),
        ("${NO_SUCH:-}", ""),
        ("${EMPTY:-other}", "other"),
        ("${TOKEN:-other}", "t0k3n-value"),
        ("${NO_SUCH:-http://x:80/}", "http://x:80/"),
        ("${env:TOKEN}", "t0k3n-value"),
        ("env:TOKEN", "t0k3n-value"),
        ("Basic env:TOKEN", "Basic env:TOKEN"),
        ("$TOKEN", "$TOKEN"),
        ("50 % of ${", "50 % of ${"),
    ],
)
def test_references_are_replaced(text: str, value: str) -> None:
    assert header(text) == value


@pytest.mark.parametrize("text", ["${NO_SUCH}", "${EMPTY}", "env:NO_SUCH", "${env:NO_SUCH}"])
def test_a_variable_that_is_not_set_or_empty_is_an_error_that_names_it(text: str) -> None:
    with pytest.raises(MissingKey, match=r"is not set, and headers.A of the MCP server one"):
        header(text)


@pytest.mark.parametrize("text", ["${}", "${TOKEN:?}", "${a-b}", "${TOKEN:+x}", "${file:x}"])
def test_what_looks_like_a_reference_and_is_none_is_refused(text: str) -> None:
    with pytest.raises(MissingKey):
        header(text)


def test_every_part_of_an_entry_is_looked_up() -> None:
    server = McpServer(
        name="one",
        command="${HOME}/bin/server",
        args=("--token", "${TOKEN}"),
        env={"A": "x${SHORT}"},
        cwd="${HOME}/data",
    )

    resolved = resolve(server, VARIABLES.get)

    assert resolved.command == ("/home/ana/bin/server", "--token", "t0k3n-value")
    assert resolved.env == {"A": "xab"}
    assert resolved.folder == "/home/ana/data"


def test_all_that_is_missing_is_told_at_once() -> None:
    server = McpServer(name="one", url="https://x/${A}", headers={"X": "${B}", "Y": "${C}"})

    with pytest.raises(MissingKey) as error:
        resolve(server, VARIABLES.get)

    assert error.value.message.startswith("A is not set, and url")
    assert error.value.why == "so are B, C"


def test_what_came_from_a_variable_is_hidden_in_what_a_server_says() -> None:
    server = McpServer(name="one", url="https://x", headers={"A": "Bearer ${TOKEN} ${SHORT}"})

    resolve(server, VARIABLES.get)

    said = "your t0k3n-value is about to expire"
    assert KNOWN.hide(said) == "your [redacted:TOKEN] is about to expire"


@pytest.mark.parametrize("value", ["a\nb", "token\n", "t\u00f6ken", "a\0b"])
def test_a_header_that_cannot_be_sent_is_named_without_its_value(value: str) -> None:
    server = McpServer(name="one", url="https://x", headers={"A": "${V}"})

    with pytest.raises(ConfigError) as error:
        resolve(server, {"V": value}.get)

    assert error.value.message == "headers.A of the MCP server one cannot be sent"
    assert value not in str(error.value)
