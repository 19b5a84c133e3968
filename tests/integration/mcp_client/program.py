"""A server on stdin and stdout that does what its first argument says; Python alone runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

Message = dict[str, Any]

MODE, *REST = sys.argv[1:]
TOOLS = (
    "echo",
    "add",
    "crash",
    "hang",
    "big",
    "fail",
    "env",
    "leave",
    "count",
    "change",
    "structured",
    "run",
    "say",
    "daemon",
    "ask",
)
ANY = {"type": "object"}
calls: list[str] = []
extra: list[str] = []


def say(message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def answer(request: Message, result: object) -> None:
    say({"result": result, "jsonrpc": "2.0", "id": request["id"]})


def text(*texts: str, error: bool = False) -> Message:
    return {"content": [{"type": "text", "text": each} for each in texts], "isError": error}


def tools(cursor: str | None) -> Message:
    if MODE == "many":
        first = int(cursor or 0)
        page = [{"name": f"tool_{n}", "inputSchema": ANY} for n in range(first, first + 500)]
        return {"tools": page, **({"nextCursor": str(first + 500)} if first < 9_500 else {})}
    if MODE == "circle":
        return {"tools": [{"name": "echo", "inputSchema": ANY}], "nextCursor": "again"}
    if MODE == "endless":
        return {"tools": [], "nextCursor": str(int(cursor or 0) + 1)}
    if MODE == "huge":
        long = {"type": "object", "description": "x" * 9_000_000}
        return {"tools": [{"name": "echo", "inputSchema": long}]}
    if MODE == "odd":
        return json.loads(REST[0])
    read = {"annotations": {"readOnlyHint": True}}
    listed = [
        {"name": name, "description": f"Does {name}.", "inputSchema": ANY, **read}
        for name in (*TOOLS, *extra)
    ]
    return {"tools": listed}


def call(request: Message) -> None:  # noqa: C901, PLR0912, PLR0915 - one branch a tool
    name: str = request["params"]["name"]
    given: Message = request["params"].get("arguments", {})
    calls.append(name)
    if name == "echo":
        answer(request, text(str(given.get("text", ""))))
    elif name == "add":
        answer(request, text(str(given["a"] + given["b"])))
    elif name == "crash":
        sys.stderr.write("out of luck, token is " + os.environ.get("TOKEN", "?") + "\n")
        sys.stderr.flush()
        os._exit(7)
    elif name == "big":
        answer(request, text("x" * int(given["characters"])))
    elif name == "fail":
        answer(request, text("no such issue", error=True))
    elif name == "env":
        answer(request, text(json.dumps(dict(os.environ))))
    elif name == "say":  # a line as the test wants it, with the id of the request
        sys.stdout.write(given["line"].replace("$ID", json.dumps(request["id"])) + "\n")
        sys.stdout.flush()
    elif name == "daemon":
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        answer(request, text(str(child.pid)))
    elif name == "ask":  # without an end, and without reading what it is answered
        for number in range(1_000_000):
            say({"jsonrpc": "2.0", "id": f"ping-{number}", "method": "ping"})
    elif name == "run":
        answer(request, text(subprocess.getoutput(given["line"]) + "\n"))
    elif name == "leave":  # something that outlives the server, with its pipes
        child = subprocess.Popen(["sleep", "600"])
        answer(request, text(str(child.pid)))
    elif name == "count":
        answer(request, text(f"{os.getpid()} {len(calls)} {Path.cwd()}"))
    elif name == "change":
        extra.append("later")
        say({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
        answer(request, text("changed"))
    elif name == "structured":
        answer(request, {"content": [], "structuredContent": {"a": [1, 2]}})
    elif name != "hang":
        error = {"code": -32602, "message": f"Unknown tool: {name}"}
        say({"jsonrpc": "2.0", "id": request["id"], "error": error})


def note(line: str) -> None:
    if MODE == "noted":
        with Path(REST[0]).open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def begin() -> None:
    if MODE == "exits":
        sys.stderr.write("\x1b[31mno token\x1b[0m\n")
        sys.exit(3)
    if MODE == "flood":
        while True:
            sys.stdout.write("x" * 65_536)
    if MODE == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def main() -> None:
    begin()
    for line in sys.stdin:
        request: Message = json.loads(line)
        method = request.get("method")
        note(line.strip())
        if MODE == "rubbish":
            sys.stdout.write('Server is running ...\n\n{"not": "a message"}\nnull\n[]\n')
        if method == "initialize":
            if MODE == "mute":
                continue
            version = request["params"]["protocolVersion"] if MODE != "ancient" else "1999-01-01"
            if MODE == "other":
                request["id"] = 4711
            if MODE == "refuses":
                error = {"code": -32000, "message": "licence expired"}
                say({"jsonrpc": "2.0", "id": request["id"], "error": error})
                continue
            info = {"name": "program", "version": "1"}
            answer(
                request,
                {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info},
            )
        elif method == "tools/list":
            if MODE == "listless":
                continue
            answer(request, tools(request.get("params", {}).get("cursor")))
        elif method == "tools/call":
            call(request)
        elif "id" in request and method != "ping":
            error = {"code": -32601, "message": "Method not found"}
            say({"jsonrpc": "2.0", "id": request["id"], "error": error})
    if MODE == "stubborn":
        time.sleep(600)


main()
