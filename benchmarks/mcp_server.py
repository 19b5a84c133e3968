"""The memory of `pagents mcp`: once a client has greeted it, and once it has called a tool."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

GREETING = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "bench", "version": "1"},
}


def megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1000


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        server = subprocess.Popen(
            [sys.executable, "-m", "parallel_agents", "mcp"],
            env={"PATH": os.environ["PATH"], "HOME": home},
            cwd=home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

        def ask(number: int, method: str, params: dict[str, object]) -> float:
            message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            server.stdin.write(json.dumps(message).encode() + b"\n")
            server.stdin.flush()
            server.stdout.readline()
            return megabytes(server.pid)

        greeted = ask(1, "initialize", GREETING)
        called = ask(2, "tools/call", {"name": "agents_list", "arguments": {}})
        server.stdin.close()
        server.wait()
    print(json.dumps({"greeted_mb": greeted, "called_mb": called}))


if __name__ == "__main__":
    main()
