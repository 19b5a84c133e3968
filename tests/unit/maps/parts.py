"""What the tests of maps share: a map on a process of virtual time, with rows in a file."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.model import Capabilities, ModelRequest
from parallel_agents.core.run import Result
from parallel_agents.core.verbs import Spawned
from parallel_agents.errors import AuthFailed
from parallel_agents.maps.request import MapRequest
from parallel_agents.maps.source import Format, Source
from parallel_agents.testing import Answer, MemoryStore, RepliesWith, Rig, open_rig
from tests.unit.flows.parts import WRITER, Crash


def write_rows(folder: Path, *texts: str) -> None:
    """Write rows with the column `text`."""
    lines = "".join(f"{orjson.dumps({'text': text}).decode()}\n" for text in texts)
    (folder / "rows.jsonl").write_text(lines)


async def begin_map(
    rig: Rig,
    folder: Path,
    *,
    key: str = "one",
    max_parallel: int | None = None,
    budget: Budget = NO_BUDGET,
    **options: Any,
) -> Spawned:
    source = Source(format=Format.JSONL, paths=("rows.jsonl",), folder=str(folder))
    asked: dict[str, Any] = {
        "agent": "writer",
        "text": "{text}",
        "out": str(folder / "out.jsonl"),
        **options,
    }
    flow = MapRequest(source=source, **asked).flow_task(max_parallel=max_parallel, budget=budget)
    return await rig.service.spawn_flow(flow, key=key)


async def run_map(rig: Rig, folder: Path, **options: Any) -> Result:
    spawned = await begin_map(rig, folder, **options)
    (result,) = await rig.service.wait([spawned.run_id])
    return result


def written(folder: Path) -> list[tuple[str, str]]:
    """The text and the status of each row in the file of results."""
    lines = [orjson.loads(line) for line in (folder / "out.jsonl").read_bytes().splitlines()]
    return [(line["columns"]["text"], line["status"]) for line in lines]


class Batcher:
    """A model that answers each item of a batch; it notes the texts of the items of each call.

    Args:
        rewritten: makes the text of a reply of what it would be; it gets the number of the call, too.
        context_tokens: the model's context; None if it is not known.
    """

    def __init__(
        self,
        rewritten: Callable[[int, dict[str, str]], str] | None = None,
        *,
        context_tokens: int | None = None,
    ) -> None:
        self.calls: list[list[str]] = []
        self.is_mended = False
        self.model = RepliesWith(
            self._answer,
            latency_seconds=10,
            capabilities=Capabilities(context_tokens=context_tokens),
        )
        self._rewritten = rewritten

    def _answer(self, request: ModelRequest) -> Answer:
        text = request.messages[0].text
        heading, _, given = text.partition("\n\nInput:\n")
        items: dict[str, str] = orjson.loads(given) if given else {"": heading}
        self.calls.append(list(items.values()))
        if not given:
            return AuthFailed("no key") if heading.startswith("fail") else f"{heading} is done"
        if not self.is_mended and any(item.startswith("fail") for item in items.values()):
            return AuthFailed("no key")
        answers = {number: f"{item} is done" for number, item in items.items()}
        if self._rewritten is None:
            return orjson.dumps(answers).decode()
        return self._rewritten(len(self.calls), answers)


@asynccontextmanager
async def batch_process(
    batcher: Batcher, store: MemoryStore | None = None, *, agent: Agent[Any] = WRITER
) -> AsyncGenerator[Rig]:
    """A process with this model; one that raises Crash leaves its calls as they are."""
    with suppress(Crash):
        async with open_rig(batcher.model, agents=[agent], store=store) as rig:
            yield rig


def lines(folder: Path) -> list[dict[str, Any]]:
    """The lines of the file of results."""
    return [orjson.loads(line) for line in (folder / "out.jsonl").read_bytes().splitlines()]
