"""Kept work: what a failed run did, as its retry is told of it.

The retry is a run of its own, so calls are no longer known by their names in the failed run. A child
that is done stands like a call that may take effect only once; one that is not is spawned again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import orjson

from parallel_agents.core.dead_letter import DeadLetter
from parallel_agents.core.event import Event
from parallel_agents.core.ids import RunId
from parallel_agents.core.kept import Kept, KeptCall, KeptReport
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.store import Store
from parallel_agents.core.told import BYTES_PER_TOKEN, most_tokens, shorten
from parallel_agents.core.tool import Effect
from parallel_agents.core.transcript import fold

# Of a child's answer, what a model whose context is not known is told of a tool's result. The result
# of a call stays as it was told: a call that stands is not made again, so nothing else has the rest.
_MOST_CHARACTERS = most_tokens(None, None) * BYTES_PER_TOKEN


async def kept_of(
    store: Store, dead_letter: DeadLetter, events: Sequence[Event]
) -> tuple[Kept, ...]:
    """What a failed run did, with the answers of its children that it had not heard of."""
    transcript = fold(events, dead_letter.run.id)
    transcript.close_turn()
    kept = [*transcript.kept.earlier, *transcript.kept.now]
    done = await _done_children(store, dead_letter)
    unheard = [run for run in done.values() if run not in transcript.handed_back]
    results = [result for result in await store.results(unheard) if result is not None]
    keys = {key.removeprefix(f"{dead_letter.run.id}/") for key in done}
    return (*(_of_another_run(each, keys) for each in kept), *_reports(results))


async def _done_children(store: Store, dead_letter: DeadLetter) -> Mapping[str, RunId]:
    """The runs that are done of children that the failed run spawned, by the keys of these."""
    prefix = f"{dead_letter.run.id}/"
    return {
        child.key: child.run
        for child in await store.child_runs(dead_letter.session.key)
        if child.key.startswith(prefix) and child.status is RunStatus.DONE
    }


def _of_another_run(kept: Kept, done: Iterable[str]) -> Kept:
    if not isinstance(kept, KeptCall):
        return kept
    return replace(
        kept,
        name="",
        effect=Effect.ONCE if kept.name in done else kept.effect,
    )


def _reports(results: Iterable[Result]) -> list[KeptReport]:
    return [KeptReport(f"{each.label} answered:\n{_text(each)}") for each in results]


def _text(result: Result) -> str:
    output = result.output
    text = output if isinstance(output, str) else orjson.dumps(output).decode()
    return shorten(text, _MOST_CHARACTERS)
