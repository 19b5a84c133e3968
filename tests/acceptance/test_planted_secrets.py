"""Secrets are planted wherever one may be named, and a run prints them in every form: nothing keeps or shows one."""

from __future__ import annotations

import json
import os
import re
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson
import pytest

from parallel_agents.core.message import ToolCall
from parallel_agents.core.schema import JsonObject
from tests.integration.sandbox.machine import needs_sandbox

if TYPE_CHECKING:
    from parallel_agents.testing.behaviour import Reply
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider

# None of them is in any form within another one.
IN_ENV = 'env-Zq7/tok+val=9"x'
IN_FILE = "file-Lk3mQp9xVb2Rt5"
IN_CMD = "cmd-Ty6uHn4jEd8Ws1"
OF_KEY = "bench-Aw2sDf7gHk0Lp3"
IN_SERVER = "mcp-Bx9cVn3mKj6Hg2"
SECRETS = (IN_ENV, IN_FILE, IN_CMD, OF_KEY, IN_SERVER)
UNGUARDED = "nobody-Knows1Of2This3"
SLEEP = "31.4159"

CONFIG = """\
model = "bench/good"
[providers.bench]
wire = "chat"
base_url = "{base_url}"
key = "cmd:cat {folder}/key"
prices = {{ good = {{ input_usd = 1.0, output_usd = 2.0 }} }}
[profiles.deploy]
env = {{ FROM_ENV = "env:PLANTED", FROM_FILE = "file:{folder}/secret", FROM_CMD = "cmd:cat {folder}/command" }}
[mcp_servers.echo]
command = "{python}"
args = ["{folder}/server.py"]
env = {{ SERVER_TOKEN = "file:{folder}/server" }}
"""
AGENT = """\
---
name: leaker
description: Prints what it must not.
tools: [shell, read_file, write_file, artifact_put, state_set, mcp__echo]
profile: deploy
permissions: admin
gates:
  - command: [sh, -c, "echo refused with $FROM_FILE; test -e done || { touch done; exit 1; }"]
refine: { rounds: 2 }
---
You print.
"""
# A server without the library for servers, which takes two seconds to load.
SERVER = """\
import json, os, sys
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    method, result = asked["method"], {}
    if method == "initialize":
        result = {"protocolVersion": asked["params"]["protocolVersion"], "capabilities": {"tools": {}},
                  "serverInfo": {"name": "echo", "version": "1"}}
    elif method == "tools/list":
        result = {"tools": [{"name": "echo", "description": "Says all.", "inputSchema": {"type": "object"}}]}
    elif method == "tools/call":
        result = {"content": [{"type": "text", "text": json.dumps(dict(os.environ))}]}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
"""
PRINTING = """\
env; echo "$FROM_ENV"; echo "url $FROM_FILE" >&2
for name in FROM_ENV FROM_FILE FROM_CMD; do
  printf '%s' "${!name}" | base64 -w 7
  printf 'x%s' "${!name}" | base64; printf 'user:%s' "${!name}" | base64 -w 0; echo
  printf '%s' "${!name}" | od -An -v -tx1 | tr -d ' '
  printf '%s' "${!name}" | fold -w 3
done
python3 -c 'import os, json, urllib.parse as u
for name in ("FROM_ENV", "FROM_FILE", "FROM_CMD"):
    value = os.environ[name]
    print(u.quote(value, safe=""), u.quote_plus(value), json.dumps(value), json.dumps(json.dumps(value)), repr(value))'
printf '\\0\\1%s\\0' "$FROM_CMD" > out.bin; echo "token: $FROM_CMD" > out.txt
exit 3
"""


def replies() -> Iterator[Reply]:
    """What the model says, one reply after the other; after that it answers with all secrets."""
    yield [ToolCall("1", "shell", {"command": PRINTING})]
    yield [
        ToolCall("2", "read_file", {"path": "notes.txt"}),
        ToolCall("3", "mcp__echo__echo", {}),
        ToolCall("4", "artifact_put", {"path": "out.bin", "name": "binary"}),
        ToolCall("5", "artifact_put", {"path": "out.txt", "name": "text"}),
        ToolCall("6", "state_set", {"key": "all", "value": [*SECRETS]}),
        ToolCall("7", "shell", {"command": f"echo {UNGUARDED}; echo {' '.join(SECRETS)!r}"}),
        ToolCall("8", "no_such_tool", {"secret": IN_FILE}),
    ]
    yield [ToolCall("9", "write_file", {"path": "notes.txt", "content": "[redacted:FROM_FILE]\n"})]


def forms(secret: str) -> set[str]:
    """The secret as a search would look for it, in each form that the run printed."""
    raw = secret.encode()
    digits = {b64encode(b"\0" * n + raw).decode()[4 * bool(n) :][:-4].rstrip("=") for n in range(3)}
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], raw.hex(), *digits}


def found_in(data: bytes, secrets: tuple[str, ...] = SECRETS) -> list[str]:
    """The secrets that are in what was kept or shown, also if lines break them."""
    text = data.decode("utf-8", "replace")
    lines = re.sub(r"[\r\n]+\s*|(?:\\+[rn])+", "", text)
    return [secret for secret in secrets if any(f in text or f in lines for f in forms(secret))]


def files_below(*folders: Path) -> Iterator[tuple[str, bytes]]:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                yield str(path.relative_to(folder.parent)), path.read_bytes()


@pytest.fixture
def planted(pagents: Pagents, provider: FakeProvider, tmp_path: Path) -> Pagents:
    folder = tmp_path / "planted"
    folder.mkdir(mode=0o700)
    for name, content in (
        ("key", f"{OF_KEY}\n"),
        ("secret", f"{IN_FILE}\r\n"),
        ("command", f"{IN_CMD}\n"),
        ("server", IN_SERVER),
        ("server.py", SERVER),
    ):
        (folder / name).write_text(content, "utf-8", newline="")
        (folder / name).chmod(0o600)
    config = CONFIG.format(base_url=provider.base_url, folder=folder, python=sys.executable)
    pagents.home.joinpath("config.toml").write_text(config, "utf-8")
    pagents.home.joinpath("agents").mkdir(exist_ok=True)
    pagents.home.joinpath("agents/leaker.md").write_text(AGENT, "utf-8")
    pagents.file("notes.txt", f"the user's own {IN_ENV} and {IN_FILE}\n")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    pagents.environment |= {"PLANTED": IN_ENV, "TMPDIR": str(scratch), "OTHER_API_KEY": OF_KEY}
    return pagents


@needs_sandbox
def test_a_run_that_prints_all_secrets_leaves_none(
    planted: Pagents, provider: FakeProvider, tmp_path: Path
) -> None:
    script = replies()

    def answer(_body: JsonObject) -> Reply:
        return next(script, f"All of them: {' '.join(SECRETS)} and {UNGUARDED}")

    provider.answer = answer
    spawned = planted("spawn", "leaker", f"Use {IN_FILE}", "--wait", "--label", "one", "--json")
    assert spawned.code == 0, spawned.out + spawned.err
    commands = [
        *(("history", "one", "--json"), ("history", "one"), ("list", "--json"), ("show", "one")),
        *(("audit",), ("audit", "--json"), ("state", "list", "one", "--json"), ("doctor",)),
        *(("config", "--json"), ("artifact", "list", "one", "--json"), ("dlq", "list", "--json")),
        ("secrets", "list", "--check", "--json"),
    ]
    told = {" ".join(command): planted(*command) for command in commands}

    shown = {name: found_in((ended.out + ended.err).encode()) for name, ended in told.items()}
    kept = {name: found_in(data) for name, data in files_below(planted.home, tmp_path / "scratch")}
    sent = [found_in(orjson.dumps(request.body)) for request in provider.requests]
    history = told["history one --json"].out
    assert found_in((spawned.out + spawned.err).encode()) == []
    assert {name: found for name, found in shown.items() if found} == {}
    assert {name: found for name, found in kept.items() if found} == {}
    assert [found for found in sent if found] == []
    # The sweep finds what nobody guards, and the run did what it was to do.
    assert found_in(history.encode(), (UNGUARDED,)) == [UNGUARDED]
    assert found_in((planted.home / "store.db").read_bytes(), (UNGUARDED,)) == [UNGUARDED]
    for name in ("FROM_ENV", "FROM_FILE", "FROM_CMD", "bench-key", "SERVER_TOKEN"):
        assert f"[redacted:{name}]" in history
    assert "the content contains the secret FROM_CMD" in history
    assert "refused with [redacted:FROM_FILE]" in history
    assert "which stands for a secret that is shown to nobody" in history
    assert (planted.folder / "notes.txt").read_text() == f"the user's own {IN_ENV} and {IN_FILE}\n"


def processes() -> Iterator[tuple[Path, bytes]]:
    """Each process with its arguments, as every user of the machine sees them."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield entry, (entry / "cmdline").read_bytes()
            except OSError:
                continue  # it has ended


@needs_sandbox
def test_no_list_of_processes_shows_a_secret_and_a_command_has_only_those_of_its_profile(
    planted: Pagents, provider: FakeProvider
) -> None:
    script = iter([[ToolCall("1", "shell", {"command": f"sleep {SLEEP}"})]])
    provider.answer = lambda _: next(script, "done")
    running = planted.start("spawn", "leaker", "Sleep", "--wait")

    def sleeping() -> list[Path]:
        return [entry for entry, line in processes() if line == f"sleep\0{SLEEP}\0".encode()]

    planted.wait_until(lambda: bool(sleeping()))
    environments = [(entry / "environ").read_bytes() for entry in sleeping()]
    arguments = {line.decode(errors="replace"): found_in(line) for _, line in processes()}
    running.close()

    assert {line: found for line, found in arguments.items() if found} == {}
    assert [found_in(each) for each in environments] == [[IN_ENV, IN_FILE, IN_CMD]]
    assert os.environ.get("PLANTED") is None
