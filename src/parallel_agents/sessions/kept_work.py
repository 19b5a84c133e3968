"""Kept work: what a failed run did, as its retry is told of it.

The retry is a run of its own, so calls are no longer known by their names in the failed run. A child
that is done stands like a call that may take effect only once; one that is not is spawned again, and told
what the child before it did, as a retry is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import orjson

from parallel_agents.core.event import Event
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.kept import Kept, KeptCall, KeptReport, identity_of
from parallel_agents.core.kept_text import without_references
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.store import Filter, Store
from parallel_agents.core.told import BYTES_PER_TOKEN, most_tokens, shorten
from parallel_agents.core.tool import Effect
from parallel_agents.core.transcript import fold

# Of a child's answer, what a model whose context is not known is told of a tool's result. The result
# of a call stays as it was told: a call that stands is not made again, so nothing else has the rest.
_MOST_CHARACTERS = most_tokens(None, None) * BYTES_PER_TOKEN


async def kept_of(store: Store, run: RunId, events: Sequence[Event]) -> tuple[Kept, ...]:
    """What a failed run did, by its session's events, with its children's answers that it missed."""
    transcript = fold(events, run)
    transcript.close_turn()
    kept = _newest([*transcript.kept.earlier, *transcript.kept.now])
    session = next(event.session for event in events if event.run == run)
    done = await _done_children(store, session, run)
    unheard = [each for each in done.values() if each not in transcript.handed_back]
    results = [result for result in await store.results(unheard) if result is not None]
    return (*(_of_another_run(each, run, done) for each in kept), *_reports(results))


async def kept_of_child(store: Store, key: str) -> tuple[Kept, ...]:
    """What a child did that a run spawned under this key; nothing if there is none."""
    parents = await store.rows(Filter(run=RunId(key.partition("/")[0])))
    if not parents:
        return ()
    children = await store.child_runs(parents[0].session.key)
    child = next((child for child in children if child.key == key), None)
    if child is None:
        return ()
    return await kept_of(store, child.run, await store.events(session=child.session))


def _newest(kept: Sequence[Kept]) -> list[Kept]:
    """Without the calls of an earlier run that this run has made again."""
    own = Counter(
        identity_of(each.call) for each in kept if isinstance(each, KeptCall) and each.name
    )
    newest: list[Kept] = []
    for each in kept:
        if isinstance(each, KeptCall) and each.was and not each.stands:
            identity = identity_of(each.call)
            own[identity] -= 1
            if own[identity] >= 0:
                continue
        newest.append(each)
    return newest


async def _done_children(store: Store, session: SessionKey, run: RunId) -> Mapping[str, RunId]:
    """The runs that are done of children that a run of a session spawned, by the keys of these."""
    prefix = f"{run}/"
    return {
        child.key: child.run
        for child in await store.child_runs(session)
        if child.key.startswith(prefix) and child.status is RunStatus.DONE
    }


def _of_another_run(kept: Kept, run: RunId, done: Collection[str]) -> Kept:
    """What another run may be told of it: that one's session reads nothing of this one's journal."""
    if not isinstance(kept, KeptCall):
        return replace(kept, text=without_references(kept.text))
    result = replace(kept.result, content=without_references(kept.result.content))
    kept = replace(kept, result=result)
    was = f"{run}/{kept.name}" if kept.name else kept.was
    return replace(kept, name="", was=was, effect=Effect.ONCE if was in done else kept.effect)


def _reports(results: Iterable[Result]) -> list[KeptReport]:
    return [KeptReport(f"{each.label} answered:\n{_text(each)}") for each in results]


def _text(result: Result) -> str:
    output = result.output
    text = output if isinstance(output, str) else orjson.dumps(output).decode()
    return shorten(text, _MOST_CHARACTERS)
