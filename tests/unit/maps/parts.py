"""What the tests of maps share: a map on a process of virtual time, with rows in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.run import Result
from parallel_agents.maps.request import MapRequest
from parallel_agents.maps.source import Format, Source
from parallel_agents.testing import Rig


def write_rows(folder: Path, *texts: str) -> None:
    """Write rows with the column `text`."""
    lines = "".join(f"{orjson.dumps({'text': text}).decode()}\n" for text in texts)
    (folder / "rows.jsonl").write_text(lines)


async def run_map(
    rig: Rig,
    folder: Path,
    *,
    key: str = "one",
    max_parallel: int | None = None,
    budget: Budget = NO_BUDGET,
    **options: Any,
) -> Result:
    source = Source(format=Format.JSONL, paths=("rows.jsonl",), folder=str(folder))
    asked: dict[str, Any] = {
        "agent": "writer",
        "text": "{text}",
        "out": str(folder / "out.jsonl"),
        **options,
    }
    flow = MapRequest(source=source, **asked).flow_task(max_parallel=max_parallel, budget=budget)
    spawned = await rig.service.spawn_flow(flow, key=key)
    (result,) = await rig.service.wait([spawned.run_id])
    return result


def written(folder: Path) -> list[tuple[str, str]]:
    """The text and the status of each row in the file of results."""
    lines = [orjson.loads(line) for line in (folder / "out.jsonl").read_bytes().splitlines()]
    return [(line["columns"]["text"], line["status"]) for line in lines]
