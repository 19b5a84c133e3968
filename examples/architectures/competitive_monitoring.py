"""Competitive monitoring: 50 sites are read, and an agent looks at those whose pages have changed.

What a page was the last time is in a folder of files. The sites are served by this program, so that it
runs alone; two of them change between two rounds. A site that cannot be read is in the report.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from typing_extensions import override

import parallel_agents as pa

SITES = 50
ANALYST = pa.Agent("analyst", instructions="Say in a sentence what is new on the page.", output=str)


async def monitor(flow: pa.Flow, sites: list[str], folder: str, day: str) -> dict[str, str]:
    async def look(site: str) -> tuple[str, str]:
        name = site.rpartition("/")[2]
        try:
            page = await flow.step(f"read {name}", read, site, effect="pure")
        except pa.StepFailed as error:
            return name, f"cannot be read: {error.why}"
        if not await flow.step(f"compare {name}", has_changed, folder, name, page, effect="pure"):
            return name, ""
        news = await flow.task(f"analyse {name}", pa.Task(ANALYST, f"{name}:\n{page}"))
        await flow.step(f"keep {name}", keep, folder, name, page, effect="idempotent")
        return name, news.output

    found = await asyncio.gather(*(look(site) for site in sites))
    return {name: news for name, news in found if news}


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as reply:
        return reply.read(100_000).decode()


def has_changed(folder: str, name: str, page: str) -> bool:
    kept = Path(folder) / name
    return not kept.exists() or kept.read_text("utf-8") != digest(page)


def keep(folder: str, name: str, page: str) -> None:
    (Path(folder) / name).write_text(digest(page), "utf-8")


def digest(page: str) -> str:
    return hashlib.sha256(page.encode()).hexdigest()


class Sites(BaseHTTPRequestHandler):
    """Pages that are numbers; site-50 is down."""

    changed: frozenset[str] = frozenset()

    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        self.send_response(503 if name == f"site-{SITES}" else 200)
        self.end_headers()
        self.wfile.write(f"{name}: {'new prices' if name in self.changed else 'prices'}".encode())

    @override
    def log_message(self, format: str, *args: object) -> None: ...


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sites)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sites = [f"http://127.0.0.1:{server.server_port}/site-{n}" for n in range(1, SITES + 1)]
    with tempfile.TemporaryDirectory() as folder:
        for day, changed in (("monday", ()), ("tuesday", ("site-7", "site-9"))):
            Sites.changed = frozenset(changed)
            result = pa.run_flow(
                monitor,
                input={"sites": sites, "folder": folder, "day": day},
                key=f"{day}-{server.server_port}",
            )
            told = f"{len(result.output)} of {SITES} have news" if result.is_done else result.error
            print(f"{day}: {result.status}, {told}")
    server.shutdown()


if __name__ == "__main__":
    main()
