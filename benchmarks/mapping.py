"""A map over rows by the installed command, and the same calls in a bare loop."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

_CONFIG = """\
model = "bench/bench-1"
call_timeout_seconds = 120
[providers.bench]
wire = "chat"
base_url = "{url}"
prices = {{ "*" = {{ input_usd = 1.0, output_usd = 2.0 }} }}
"""
_AGENT = "---\nname: plain\ndescription: Answers.\n---\nYou answer.\n"


def cost_of_a_map(
    url: str, home: Path, *, rows: int, at_once: int, batch: int = 1
) -> dict[str, float]:
    """The wall time in seconds and the peak memory in MB of a map, and of going on with it when it is done."""
    home.chmod(0o700)
    (home / "config.toml").write_text(_CONFIG.format(url=url))
    (home / "agents").mkdir(mode=0o700)
    (home / "agents" / "plain.md").write_text(_AGENT)
    table = home / "rows.csv"
    table.write_text("number,text\n" + "".join(f"{n},task {n}\n" for n in range(rows)))
    command = [
        str(Path(sys.executable).with_name("pagents")),
        *("map", "plain", "--rows", str(table), "--text", "{text}", "--id", "bench"),
        *("--max-parallel", str(at_once), "--progress", "none", "--json"),
        *(("--batch", str(batch), "--model", f"bench/batch-{batch}") if batch > 1 else ()),
    ]
    environment = os.environ | {"PARALLEL_AGENTS_HOME": str(home)}

    def run() -> float:
        began = time.perf_counter()
        done = subprocess.run(
            command, cwd=home, env=environment, capture_output=True, text=True, check=True
        )
        counts = json.loads(done.stdout.splitlines()[-1])["items"][0]["output"]
        assert counts["done"] == rows, counts
        return time.perf_counter() - began

    wall = run()
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
    again = run()
    return {
        "wall_s": wall,
        "peak_mb": cpu.ru_maxrss / 1024,
        "cpu_s": cpu.ru_utime + cpu.ru_stime,
        "again_s": again,
    }
