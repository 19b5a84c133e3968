"""The dashboard with a large run: its answer, its first drawing, and how long frames take while it moves.

python -m benchmarks.dashboard [TASKS [TURNS]]

It needs Chromium and the extra `dev`. Without a graphics card the browser draws in software.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Page, sync_playwright

from benchmarks import filled
from benchmarks.gateway import cpu_seconds, free_port, until_first_answer

_TASKS, _TURNS, _FRAMES = 1000, 30, 120
# What the page does between two frames, and how long each took.
_MOVE = """async ([what, frames]) => {
  const box = document.querySelector('.lanes');
  const deltas = [];
  let before = await new Promise(requestAnimationFrame);
  for (let n = 0; n < frames; n += 1) {
    if (what === 'scroll') box.scrollTop += 60;
    else document.body.dispatchEvent(new KeyboardEvent('keydown', { key: n % 20 < 10 ? '+' : '-', bubbles: true }));
    const at = await new Promise(requestAnimationFrame);
    deltas.push(at - before);
    before = at;
  }
  return deltas;
}"""


def answer_of(port: int, token: str, key: str, process: int) -> dict[str, object]:
    """The size and the times of the answer that has all lanes: the first one, and one that is kept."""
    found: dict[str, object] = {}
    for name in ("first", "again"):
        headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v1/runs/{quote(key)}/lanes", headers=headers
        )
        cpu, began = cpu_seconds(process), time.perf_counter()
        with urllib.request.urlopen(request, timeout=120) as answer:
            body = answer.read()
        found[f"lanes_{name}_ms"] = round((time.perf_counter() - began) * 1000)
        found[f"lanes_{name}_cpu_ms"] = round((cpu_seconds(process) - cpu) * 1000)
        found["lanes_gzip_kb"] = round(len(body) / 1000)
        found["lanes_events"] = len(json.loads(gzip.decompress(body))["events"])
    return found


def open_run(page: Page, port: int, token: str, key: str) -> dict[str, object]:
    """Until the run's lanes are drawn, from a browser that has nothing."""
    page.goto(f"http://127.0.0.1:{port}/#t={token}")
    page.locator(".run-row").wait_for()
    began = time.perf_counter()
    page.goto(f"http://127.0.0.1:{port}/#/run/{quote(key, safe='')}")
    page.locator(".lanes canvas").wait_for(timeout=60_000)
    page.get_by_text("1000 done").or_(page.locator(".counts button").first).first.wait_for()
    return {"open_ms": round((time.perf_counter() - began) * 1000)}


def frames_of(page: Page, what: str) -> dict[str, object]:
    """How long the frames take while the lanes move, in milliseconds."""
    deltas: Any = page.evaluate(_MOVE, [what, _FRAMES])
    slow = statistics.quantiles(deltas, n=20)[-1]
    return {
        f"{what}_frame_p50_ms": round(statistics.median(deltas), 1),
        f"{what}_frame_p95_ms": round(slow, 1),
    }


def main() -> None:
    tasks, turns = [*map(int, sys.argv[1:]), *(_TASKS, _TURNS)[len(sys.argv) - 1 :]]
    chromium = shutil.which("chromium") or sys.exit("there is no Chromium")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir(mode=0o700)
        key = asyncio.run(filled.fill_team(home / "store.db", tasks, turns))
        port = free_port()
        command = [sys.executable, "-m", "parallel_agents", "serve", "--port", str(port)]
        found: dict[str, object] = {"tasks": tasks, "bars_each": 2 * turns}
        with subprocess.Popen(
            [*command, "--home", str(home)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            token = until_first_answer(port, home)
            found |= answer_of(port, token, key, process.pid)
            with sync_playwright() as program:
                browser = program.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                found |= open_run(page, port, token, key)
                page.locator(".lanes").click(position={"x": 60, "y": 55})
                page.wait_for_timeout(1000)
                for what in ("scroll", "zoom"):
                    found |= frames_of(page, what)
                found["nodes"] = page.evaluate("document.querySelectorAll('*').length")
                page.screenshot(path=str(Path(tempfile.gettempdir()) / "lanes.png"))
                browser.close()
            process.terminate()
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
