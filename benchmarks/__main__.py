"""Runs all scenarios, one after another, each against a provider process; prints a Markdown table."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks import filled, plans, searching

ROOT = Path(__file__).parent.parent
PEERS = ROOT / ".venv-peers"
PEER_PACKAGES = {
    "langgraph": (
        "langgraph==1.2.22",
        "langgraph-checkpoint-sqlite==3.1.2",
        "langchain>=1.4,<2",
        "langchain-openai>=1.7,<2",
    ),
    "pydantic-ai": ("pydantic-ai-slim[openai]==2.68.0",),
}


_CALLERS = ("bare", "ours", "guarded")


class Row(NamedTuple):
    what: str
    figure: str
    goal: str
    ratio: str = ""


@contextmanager
def provider(latency: float):
    command = [sys.executable, "-m", "benchmarks.provider", "--latency", str(latency)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def scenario(name: str, url: str, *size: int, python: str = sys.executable) -> dict[str, float]:
    command = [python, "-m", "benchmarks.scenario", name, url, *map(str, size)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def interleaved(rounds: int, *scenarios: tuple) -> list[list[dict[str, float]]]:
    """The figures of each scenario in each round."""
    return [[scenario(*s) for s in scenarios] for _ in range(rounds)]


def medians(rounds: int, *scenarios: tuple) -> list[dict[str, float]]:
    """The median figures of each scenario, the rounds interleaved."""
    return medians_of(interleaved(rounds, *scenarios))


def medians_of(taken: list[list[dict[str, float]]]) -> list[dict[str, float]]:
    return [
        {key: statistics.median(r[i][key] for r in taken) for key in taken[0][i]}
        for i in range(len(taken[0]))
    ]


def call_cost(rounds: int) -> list[Row]:
    with provider(0) as url:
        size = (300, 10, 100)
        # CPU time varies by 20 % on a shared machine and a round takes seconds, so there are three
        # times as many rounds, and the added cost is computed within each round.
        taken = interleaved(3 * rounds, *((name, url, *size) for name in _CALLERS))
    base, own, guarded = medians_of(taken)
    ratio = own["cpu_ms"] / base["cpu_ms"]
    added = statistics.median(with_all["cpu_ms"] - bare["cpu_ms"] for _, bare, with_all in taken)
    return [
        Row(
            "bare aiohttp loop, nothing stored: CPU per call",
            f"{base['cpu_ms']:.3f} ms",
            "baseline",
            "1.0x",
        ),
        Row(
            "this project on SQLite, durable: CPU per call",
            f"{own['cpu_ms']:.3f} ms",
            "<= 2.5x",
            f"{ratio:.1f}x",
        ),
        Row(
            "a budget, a limit per minute and a gate add",
            f"{added:.3f} ms",
            "<= 0.15 ms",
            f"{guarded['cpu_ms'] / base['cpu_ms']:.1f}x",
        ),
    ]


def secrets_cost(rounds: int) -> list[Row]:
    with provider(0) as url:
        size = (300, 10, 100)
        base, own = medians(3 * rounds, ("ours", url, *size), ("secrets", url, *size))
    return [
        Row(
            "a durable call while five secrets are known: CPU, compared with none",
            f"{own['cpu_ms']:.3f} ms",
            "<= 1.1x",
            f"{own['cpu_ms'] / base['cpu_ms']:.2f}x",
        ),
    ]


def stream_cost(rounds: int) -> list[Row]:
    with provider(0) as url:
        base, own = medians(rounds, ("bare-stream", url, 1000, 1, 30), ("stream", url, 1000, 1, 30))
    ratio = own["cpu_ms"] / base["cpu_ms"]
    return [
        Row(
            "a streamed call of 37 chunks, bare aiohttp loop: CPU per call",
            f"{base['cpu_ms']:.3f} ms",
            "baseline",
            "1.0x",
        ),
        Row(
            "the same on this project's wire, with a listener",
            f"{own['cpu_ms']:.3f} ms",
            "<= 0.6 ms",
            f"{ratio:.1f}x",
        ),
    ]


def peer_python(name: str) -> str:
    """The interpreter of the environment of one peer; peers cannot share an environment."""
    python = PEERS / name / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEERS / name)], check=True)
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "-e", str(ROOT), *PEER_PACKAGES[name]], check=True)
    return str(python)


def peer_cost() -> list[Row]:
    size = (60, 10, 30)
    with provider(0) as url:
        base = scenario("bare", url, *size)["cpu_ms"]
        own = scenario("ours", url, *size)["cpu_ms"]
        what = "60 runs of 10 calls, 30 at once: this project"
        rows = [Row(what, f"{own:.2f} ms per call", "", f"{own / base:.1f}x")]
        for name, what in (
            ("langgraph", "the same: LangGraph 1.2, AsyncSqliteSaver, durability sync"),
            ("pydantic-ai", "the same: Pydantic AI 2.68, OpenAI model, nothing stored"),
        ):
            peer = scenario(name, url, *size, python=peer_python(name))["cpu_ms"]
            rows.append(Row(what, f"{peer:.2f} ms per call", "", f"{peer / base:.1f}x"))
    return rows


def crowds(rounds: int, *, is_quick: bool) -> list[Row]:
    rows = []
    with provider(1) as url:
        size = (1000, 1, 1000)
        base, own = medians(rounds, ("bare", url, *size), ("ours", url, *size))
        rows += [
            Row(
                "1,000 agents, one 1 s call each: bare loop",
                f"{base['wall_s']:.2f} s",
                "baseline",
                "1.0x",
            ),
            Row(
                "the same, durable",
                f"{own['wall_s']:.2f} s",
                "<= 1.25x",
                f"{own['wall_s'] / base['wall_s']:.2f}x",
            ),
        ]
        if not is_quick:
            size = (5000, 10, 5000)
            base = scenario("bare", url, *size)
            own = scenario("ours", url, *size)
            rows += [
                Row(
                    "5,000 sessions of ten 1 s calls: bare loop",
                    f"{base['calls_per_s']:.0f} calls/s, {base['peak_mb']:.0f} MB",
                    "baseline",
                    "1.0x",
                ),
                Row(
                    "the same, durable",
                    f"{own['calls_per_s']:.0f} calls/s, {own['peak_mb']:.0f} MB",
                    "<= 15 kB a session above it",
                    f"{own['calls_per_s'] / base['calls_per_s']:.2f}x",
                ),
            ]
    return rows


def waits() -> list[Row]:
    with provider(0) as url:
        own = scenario("latencies", url)
    return [
        Row("spawn accepted, p50", f"{own['spawn_p50_ms']:.2f} ms", "<= 2 ms"),
        Row(
            "from the end of the last of 20 children until `wait` returns, p95",
            f"{own['wait_p95_ms']:.1f} ms",
            "<= 10 ms",
        ),
    ]


def crews(rounds: int) -> list[Row]:
    """Agents that spawn agents."""
    with provider(1) as url:
        few, many = medians(rounds, ("children", url, 50, 1, 1), ("children", url, 1000, 1, 1))
    with provider(0) as url:
        tool = scenario("spawn-tool", url)
        rest = scenario("idle", url, 10_000, 1, 1)
    return [
        Row(
            "50 children of 1 s, spawned and awaited by one parent",
            f"{few['wall_s']:.2f} s",
            "<= 1.6 s",
        ),
        Row("the parent resumes after the last of them", f"{few['join_ms']:.1f} ms", "<= 10 ms"),
        Row("1,000 children, the same", f"{many['wall_s']:.2f} s", "<= 4 s"),
        Row(
            "the parent resumes after the last of 1,000, with all results",
            f"{many['join_ms']:.0f} ms",
            "",
        ),
        Row("sessions_spawn accepted, p50", f"{tool['spawn_p50_ms']:.2f} ms", "<= 3 ms"),
        Row("10,000 idle persistent sessions", f"{rest['idle_mb']:.0f} MB", "<= 50 MB"),
    ]


def views(rounds: int) -> list[Row]:
    """What commands do on a store of 200,000 events beyond what any does on a small one."""
    pagents = str(Path(sys.executable).with_name("pagents"))
    commands = {
        "list": ("list",),
        "list of a team of 1,000 tasks": ("list", "month-3"),
        "show of a team of 1,000 tasks": ("show", "month-3"),
        "cost": ("cost",),
        "history of a team of 1,000 tasks": ("history", "month-3"),
        "audit": ("audit",),
        "audit --verify, after another": ("audit", "--verify"),
    }

    def cpu(home: str, *command: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run((pagents, *command, "--home", home), capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    with tempfile.TemporaryDirectory() as small, tempfile.TemporaryDirectory() as full:
        asyncio.run(filled.fill(Path(small) / "store.db", filled.SMALL))
        events = asyncio.run(filled.fill(Path(full) / "store.db", filled.LARGE))
        whole = cpu(full, "audit", "--verify", "--full")  # which leaves the checkpoint for the next
        took = [
            [cpu(small, "list"), *(cpu(full, *command) for command in commands.values())]
            for _ in range(2 * rounds)
        ]
    base, *medians = (statistics.median(column) for column in zip(*took, strict=True))
    rows = [Row("`pagents list` on a store of 43 events: CPU", f"{base:.3f} s", "baseline", "1.0x")]
    for what, own in zip(commands, medians, strict=True):
        name = f"{what}, on one of {events:,}: what it adds"
        rows.append(Row(name, f"{own - base:.3f} s", "<= 0.3 s", f"{own / base:.1f}x"))
    name = "audit --verify --full, on the same"
    return [*rows, Row(name, f"{whole - base:.2f} s", "", f"{whole / base:.1f}x")]


def sends() -> list[Row]:
    """A message to a session that has had many costs what the hundredth did."""
    with provider(0) as url:
        took = scenario("sends", url)
    first = took["cpu_ms_100"]
    return [
        Row(
            f"a send after {count} messages: CPU",
            f"{took[f'cpu_ms_{count}']:.2f} ms",
            "baseline" if count == 100 else "<= 1.5x",
            f"{took[f'cpu_ms_{count}'] / first:.1f}x",
        )
        for count in (100, 400, 800)
    ]


def maps() -> list[Row]:
    """10,000 rows, 100 at once, of 0.3 s each: as a bare loop and by `pagents map`."""
    size = (10_000, 1, 100)
    with provider(0.3) as url:
        base, own = scenario("bare", url, *size), scenario("map", url, *size)
        batches = scenario("map-batch", url, *size)
    ratio = own["wall_s"] / base["wall_s"]
    return [
        Row("10,000 calls of 0.3 s, 100 at once, bare loop", f"{base['wall_s']:.1f} s", "baseline"),
        Row(
            "`pagents map` over 10,000 rows, from its start to its end",
            f"{own['wall_s']:.1f} s",
            "<= 1.3x",
            f"{ratio:.2f}x",
        ),
        Row("its peak memory", f"{own['peak_mb']:.0f} MB", "<= 150 MB"),
        Row("the same command again, when all rows are done", f"{own['again_s']:.1f} s", ""),
        Row(
            "the same rows with `--batch 10`, which are 1,000 calls",
            f"{batches['wall_s']:.1f} s",
            "",
            f"{batches['wall_s'] / base['wall_s']:.2f}x",
        ),
        Row("its peak memory", f"{batches['peak_mb']:.0f} MB", "<= 150 MB"),
    ]


def file_tools() -> list[Row]:
    """What a call of a tool for files costs beyond one of a tool that does nothing."""
    with provider(0) as url:
        took = scenario("file-tools", url)
    base = took.pop("nothing")
    return [
        Row(
            "a turn with a call of a tool that does nothing: CPU",
            f"{base:.2f} ms",
            "baseline",
            "1.0x",
        ),
        *(
            Row(
                f"the same with {tool}: what it adds",
                f"{own - base:.2f} ms",
                "<= 1 ms",
                f"{own / base:.1f}x",
            )
            for tool, own in took.items()
        ),
    ]


def commands(rounds: int) -> list[Row]:
    """Commands of agents in a sandbox."""
    (took,) = medians(rounds, ("sandbox", ""))
    bare, inside = took["bare_ms"], took["sandboxed_ms"]
    return [
        Row("a command of the shell", f"{bare:.1f} ms", "baseline", "1.0x"),
        Row("a sandbox adds", f"{inside - bare:.1f} ms", "<= 60 ms", f"{inside / bare:.1f}x"),
        Row("100 commands of 1 s in sandboxes at once", f"{took['wall_s']:.2f} s", ""),
        Row("they stall the event loop for at most", f"{took['stall_ms']:.0f} ms", "<= 50 ms"),
    ]


def fetches(rounds: int) -> list[Row]:
    """Pages of 100 kB from loopback."""
    (took,) = medians(rounds, ("fetch", ""))
    bare, text, page = took["bare_ms"], took["text_ms"], took["page_ms"]
    return [
        Row("a bare GET of 100 kB from loopback", f"{bare:.1f} ms", "baseline", "1.0x"),
        Row(
            "`fetch` of plain text adds", f"{text - bare:.1f} ms", "<= 10 ms", f"{text / bare:.1f}x"
        ),
        Row("`fetch` of HTML adds", f"{page - bare:.1f} ms", "<= 100 ms", f"{page / bare:.1f}x"),
        Row("100 fetches of HTML at once", f"{took['wall_s']:.2f} s", ""),
        Row("they stall the event loop for at most", f"{took['stall_ms']:.0f} ms", "<= 50 ms"),
    ]


def mcp_server() -> list[Row]:
    command = [sys.executable, "-m", "benchmarks.mcp_server"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    own = json.loads(done.stdout)
    return [
        Row(
            "`pagents mcp` once a client has greeted it", f"{own['greeted_mb']:.0f} MB", "<= 45 MB"
        ),
        Row("the same once a tool was called", f"{own['called_mb']:.0f} MB", ""),
    ]


def mcp_calls() -> list[Row]:
    """Calls of tools of an MCP server."""
    command = [sys.executable, "-m", "benchmarks.mcp_calls"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    own = json.loads(done.stdout)
    return [
        Row(
            "an MCP server in Python, from its first use to its tools",
            f"{own['start_s']:.2f} s",
            "",
        ),
        Row("a call of its tool: CPU on our side", f"{own['cpu_ms']:.2f} ms", "<= 1 ms"),
        Row("200 calls of 1 s at once over one server", f"{own['wall_s']:.2f} s", "<= 2 s"),
        Row("a round of the event loop takes at most", f"{own['round_ms']:.1f} ms", "<= 50 ms"),
    ]


def flows(rounds: int) -> list[Row]:
    """What a flow adds to its tasks, and how long one takes to go on."""
    (own,) = medians(rounds, ("flow", ""))
    rows: list[Row] = []
    for kind, what in (("chain", "one after another"), ("fan", "at once")):
        bare, ours = own[f"bare_{kind}_ms"], own[f"{kind}_ms"]
        rows += [
            Row(
                f"1,000 tasks {what}, spawned and awaited: CPU a task",
                f"{bare:.2f} ms",
                "baseline",
                "1.0x",
            ),
            Row(
                "the same as a flow: what it adds",
                f"{ours - bare:.2f} ms",
                "<= 1 ms",
                f"{ours / bare:.1f}x",
            ),
        ]
    rows.append(Row("a flow of 5,000 finished steps goes on", f"{own['again_s']:.2f} s", "<= 1 s"))
    return rows


def workspaces() -> list[Row]:
    command = [sys.executable, "-m", "benchmarks.workspaces"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    own = json.loads(done.stdout)
    base, made, compared = own["git_s"], own["made_s"], own["compared_s"]
    return [
        Row("`git worktree add` of 10,000 files", f"{base:.2f} s", "baseline", "1.0x"),
        Row("a workspace of the same", f"{made:.2f} s", "<= 1 s", f"{made / base:.1f}x"),
        Row("finding what changed in it", f"{compared:.2f} s", "", f"{compared / base:.1f}x"),
    ]


def starts(rounds: int) -> list[Row]:
    def seconds(*command: str) -> float:
        took = []
        for _ in range(rounds * 3):
            began = time.perf_counter()
            subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
            took.append(time.perf_counter() - began)
        return statistics.median(took)

    python = sys.executable
    base = seconds(python, "-c", "pass")
    help_text = seconds(str(Path(python).with_name("pagents")), "--help")
    imported = seconds(python, "-c", "import parallel_agents")
    whole = seconds(python, "-c", "import parallel_agents.api.running")
    return [
        Row("python -c pass", f"{base:.3f} s", "baseline", "1.0x"),
        Row("pagents --help", f"{help_text:.3f} s", "<= 0.25 s", f"{help_text / base:.1f}x"),
        Row("import parallel_agents", f"{imported:.3f} s", "<= 0.3 s", f"{imported / base:.1f}x"),
        Row(
            "the same, with everything that `run` and `open` need",
            f"{whole:.3f} s",
            "",
            f"{whole / base:.1f}x",
        ),
    ]


def prompt_overhead() -> list[Row]:
    code = "from benchmarks.overhead import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    tokens = json.loads(done.stdout)
    return [
        Row(
            "tokens that we add to an agent's prompt (4 characters each)",
            f"{tokens['agent']:.0f} tokens",
            "<= 300",
        ),
        Row("the same for a child", f"{tokens['child']:.0f} tokens", "<= 300"),
        Row("all nine session tools", f"{tokens['tools']:.0f} tokens", "<= 1,500"),
    ]


def plan_checks() -> list[Row]:
    check, read = plans.check_seconds(20)
    return [
        Row("a plan of 50 steps is checked: CPU", f"{check * 1000:.1f} ms", "<= 20 ms"),
        Row("the same, with the reading of its file", f"{read * 1000:.1f} ms", ""),
    ]


def searches(*, is_quick: bool) -> list[Row]:
    """A phrase in all transcripts, common words among the phrases."""
    found = asyncio.run(searching.measure(searching.SMALL if is_quick else searching.LARGE))
    what = f"{found.messages:,} messages, {found.text / 1e6:.0f} MB, are indexed for search"
    return [
        Row(f"{what}: CPU", f"{found.index_cpu:.1f} s", ""),
        Row("the size of the index", f"{found.index_size / 1e6:.0f} MB", ""),
        Row("a search in them, p95", f"{found.p95 * 1000:.0f} ms", "<= 50 ms"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument(
        "--peers", action="store_true", help="also measure LangGraph and Pydantic AI"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="run one round, without the measurement of 5,000 sessions",
    )
    options = parser.parse_args()
    rounds = 1 if options.quick else 3
    rows = [
        *call_cost(rounds),
        *secrets_cost(rounds),
        *stream_cost(rounds),
        *crowds(rounds, is_quick=options.quick),
        *waits(),
        *crews(rounds),
        *sends(),
        *maps(),
        *file_tools(),
        *plan_checks(),
        *commands(rounds),
        *fetches(rounds),
        *mcp_calls(),
        *mcp_server(),
        *flows(rounds),
        *views(rounds),
        *searches(is_quick=options.quick),
        *starts(rounds),
        *workspaces(),
    ]
    rows += prompt_overhead()
    if options.peers:
        rows += peer_cost()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, median of {rounds}\n")
    print("| what | measured | goal | against the baseline |\n| --- | --- | --- | --- |")
    for row in rows:
        print(f"| {row.what} | {row.figure} | {row.goal} | {row.ratio} |")


if __name__ == "__main__":
    main()
