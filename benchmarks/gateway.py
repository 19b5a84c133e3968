"""Measures the gateway: the time to its first answer, its memory, the CPU of a read, and who waits for a first use.

python -m benchmarks.gateway
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from parallel_agents.app.opening import open_client
from parallel_agents.core.task import Task
from parallel_agents.settings import Settings, read_environment

SESSIONS = 200
READS = 200
FIRST = (
    "/api/v1/agents",
    "/api/v1/teams/content/graph",
    "/api/v1/openapi.json",
    "/v1/models",
    "/mcp",
)
LISTED = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
PATHS = ("/api/v1/runs", "/api/v1/health", "/api/v1/events?after=0", "/api/v1/cost")


def fill(home: Path) -> None:
    """Put sessions into the home; nobody executes them."""

    async def put() -> None:
        async with open_client(read_environment(home), Settings(model="sim/calm")) as client:
            for number in range(SESSIONS):
                task = Task(
                    "code_reviewer",
                    f"task {number}",
                    input={"code": "x", "language": "python"},
                )
                await client.sessions.spawn(task)

    asyncio.run(put())


def cpu_seconds(process: int) -> float:
    """The CPU that a process has used, by the kernel's count."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_megabytes(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        return bound.getsockname()[1]


def read(port: int, path: str, token: str) -> bytes:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


def use_first(port: int, path: str, token: str) -> float:
    """Use a path for the first time; the longest that others waited meanwhile, in milliseconds."""
    with ThreadPoolExecutor(1) as pool:
        using = pool.submit(ask_mcp if path == "/mcp" else read, port, path, token)
        waited = [0.0]
        while not using.done():
            began = time.monotonic()
            read(port, "/api/v1/health", token)
            waited.append(time.monotonic() - began)
        using.result()
    return max(waited) * 1000


def ask_mcp(port: int, path: str, token: str) -> bytes:
    """The tools that MCP clients see."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=json.dumps(LISTED).encode(),
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def until_first_answer(port: int, home: Path) -> str:
    """The token, once the gateway answers."""
    while True:
        try:
            token = (home / "gateway-token").read_text()
            read(port, "/api/v1/runs?limit=1", token)
        except OSError:
            time.sleep(0.005)
        else:
            return token


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        fill(home)
        port = free_port()
        command = [sys.executable, "-m", "parallel_agents", "serve", "--port", str(port)]
        began = time.monotonic()
        with subprocess.Popen(
            [*command, "--home", str(home)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            token = until_first_answer(port, home)
            first = time.monotonic() - began
            start_cpu = cpu_seconds(process.pid)
            time.sleep(2.0)
            found: dict[str, object] = {
                "first_answer_seconds": round(first, 2),
                "start_cpu_seconds": round(start_cpu, 2),
                "idle_rss_mb": round(rss_megabytes(process.pid), 1),
            }
            for path in FIRST:
                found[f"others_waited_ms {path}"] = round(use_first(port, path, token), 1)
                found[f"rss_mb after {path}"] = round(rss_megabytes(process.pid), 1)
            for path in PATHS:
                before = cpu_seconds(process.pid)
                for _ in range(READS):
                    read(port, path, token)
                used = (cpu_seconds(process.pid) - before) / READS
                found[f"cpu_ms {path}"] = round(used * 1000, 2)
            before = cpu_seconds(process.pid)
            time.sleep(5.0)
            found["idle_cpu_percent"] = round((cpu_seconds(process.pid) - before) / 5 * 100, 1)
            process.terminate()
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
