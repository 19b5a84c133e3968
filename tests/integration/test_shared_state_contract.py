"""What every store promises of the values and the artifacts that a tree shares."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import orjson
import pytest

from parallel_agents.core.artifact import Artifact, ArtifactBounds, ArtifactRecord
from parallel_agents.core.event import Noticed
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.schema import Json
from parallel_agents.core.shared_state import (
    OUTSIDER,
    Removal,
    StateBounds,
    StateKey,
    StateOperation,
    StateWrite,
    StateWritten,
    Writer,
)
from parallel_agents.core.store import Store
from parallel_agents.errors import Conflict, InvalidInput
from parallel_agents.sessions.sharing import Sharing
from parallel_agents.testing.contents import MemoryContents
from tests.integration.kept_work import DONE, OpenStore, claim, plan, spawn

TREE, OTHER_TREE = SessionKey("tree"), SessionKey("other")
BOUNDS = StateBounds(keys=3, bytes=200)
IMAGE = Artifact(id="a" * 64, name="chart", media_type="image/png", size=60)


async def write(
    store: Store,
    key: str,
    value: Json,
    *,
    version: int | None = None,
    appends: bool = False,
    writer: Writer = OUTSIDER,
    tree: SessionKey = TREE,
) -> StateWritten:
    operation = StateOperation.APPEND if appends else StateOperation.SET
    change = StateWrite(tree, key, operation, orjson.dumps(value), version)
    return await store.write_state(change, writer, BOUNDS)


async def values(store: Store, prefix: str = "") -> dict[str, tuple[Json, int]]:
    entries = await store.state_entries(TREE, prefix=prefix)
    return {entry.key: (entry.value, entry.version) for entry in entries}


async def test_each_write_raises_the_version(open_store: OpenStore) -> None:
    async with open_store() as store:
        first = await write(store, "plan", {"steps": [1, None]}, writer=Writer(SessionKey("me")))
        second = await write(store, "plan", "b")

        (entry,) = await store.state_entries(TREE, key="plan")
        assert (first.version, second.version) == (1, 2)
        assert (entry.value, entry.version, entry.by) == ("b", 2, "")
        assert abs(entry.at - store.now()) < 60


async def test_a_write_by_version_is_made_only_if_nobody_was_faster(open_store: OpenStore) -> None:
    async with open_store() as store:
        made = await write(store, "n", 1, version=0)
        again = await write(store, "n", 2, version=0)
        right = await write(store, "n", 2, version=1)
        missing = await write(store, "m", 1, version=4)

        assert (made.is_written, right.is_written) == (True, True)
        assert (again.is_written, again.version) == (False, 1)
        assert again.entry is not None
        assert again.entry.value == 1
        assert missing == StateWritten(is_written=False, version=0)
        assert await values(store) == {"n": (2, 2)}


async def test_items_are_appended_and_what_is_no_list_stays(open_store: OpenStore) -> None:
    async with open_store() as store:
        items: tuple[Json, ...] = ("a]", {"b": []}, [1])
        for item in items:
            await write(store, "log", item, appends=True)
        await write(store, "text", "[1]")

        with pytest.raises(InvalidInput, match="not a list"):
            await write(store, "text", 1, appends=True)

        assert await values(store) == {"log": (["a]", {"b": []}, [1]], 3), "text": ("[1]", 1)}


async def test_a_call_writes_once_however_often_it_is_made(open_store: OpenStore) -> None:
    async with open_store() as store:
        call = Writer(SessionKey("s"), RunId("r"), "turn-1/call/1/1")
        first = await write(store, "log", "a", appends=True, writer=call)
        await write(store, "log", "b", appends=True)
        repeated = await write(store, "log", "a", appends=True, writer=call)
        retried = Writer(SessionKey("t"), RunId("q"), "turn-1/call/1/1", "r/turn-1/call/1/1")
        again = await write(store, "log", "a", appends=True, writer=retried)

        assert first == repeated == again == StateWritten(is_written=True, version=1)
        assert await values(store) == {"log": (["a", "b"], 2)}


async def test_a_call_that_writes_something_else_this_time_is_made(open_store: OpenStore) -> None:
    async with open_store() as store:
        call = Writer(SessionKey("s"), RunId("r"), "turn-1/call/1/1")
        await write(store, "a", 1, writer=call)
        await write(store, "b", 1, writer=call)
        await write(store, "a", 2, writer=call, tree=OTHER_TREE)

        assert await values(store) == {"a": (1, 1), "b": (1, 1)}


async def test_a_call_that_is_made_again_is_known_although_it_lost_before_it_wrote(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        writer = Writer(SessionKey("s"), RunId("r"), "turn-1/call/1/1")
        sharing = Sharing(store, MemoryContents(), BOUNDS, ArtifactBounds(1, 1))
        first, again = sharing.state(TREE, writer), sharing.state(TREE, writer)
        await sharing.state(TREE).set("n", 100)
        lost = await first.compare_and_set("n", 1, version=0)
        await first.compare_and_set("n", 101, version=1)

        repeated = await again.compare_and_set("n", 102, version=2)

        assert (lost.is_written, repeated.version) == (False, 2)
        assert await values(store) == {"n": (101, 2)}


async def test_trees_share_nothing_with_each_other(open_store: OpenStore) -> None:
    async with open_store() as store:
        await write(store, "a", 1)
        await write(store, "a", 2, tree=OTHER_TREE)

        assert await values(store) == {"a": (1, 1)}


async def test_keys_are_found_by_how_they_begin(open_store: OpenStore) -> None:
    async with open_store() as store:
        for key in ("results/b", "results/a", "plan"):
            await write(store, key, 1)

        assert list(await values(store, "results/")) == ["results/a", "results/b"]
        assert await values(store, "%") == {}


async def test_a_tree_has_only_as_many_keys_and_bytes_as_it_may(open_store: OpenStore) -> None:
    async with open_store() as store:
        for key in ("a", "b", "c"):
            await write(store, key, "x" * 50)

        with pytest.raises(InvalidInput, match="3 keys"):
            await write(store, "d", 1)
        with pytest.raises(InvalidInput, match="156 bytes of the 200"):
            await write(store, "a", "x" * 120)
        await write(store, "a", None)
        await write(store, "b", "x" * 90)
        await write(store, "d", 1, tree=OTHER_TREE)

        assert [version for _, version in (await values(store)).values()] == [2, 2, 1]


async def test_who_writes_is_told_to_those_who_listen(open_store: OpenStore) -> None:
    async with open_store() as store:
        heard: list[StateKey | None] = []
        forget = store.on_state(heard.append)
        await write(store, "a", 1)
        await write(store, "a", 2, version=7)
        forget()
        await write(store, "b", 1)

        assert (TREE, "a") in heard
        assert (TREE, "b") not in heard


async def test_many_who_compare_and_set_at_once_lose_no_update(open_store: OpenStore) -> None:
    async with open_store() as store:

        async def add_one() -> None:
            number, version = 0, 0
            while not (await write(store, "n", number + 1, version=version)).is_written:
                (entry,) = await store.state_entries(TREE, key="n")
                assert isinstance(entry.value, int)
                number, version = entry.value, entry.version

        await asyncio.gather(*(add_one() for _ in range(30)))

        assert await values(store) == {"n": (30, 30)}


def names(records: Sequence[ArtifactRecord]) -> list[str]:
    return [record.artifact.name for record in records]


async def test_an_artifact_is_noted_once_and_found_by_tree_run_and_id(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        mine = Writer(SessionKey("s"), RunId("run-a"), "turn-1/call/1")
        for _ in range(2):
            await store.note_artifact(IMAGE, TREE, mine, 100)
        await store.note_artifact(IMAGE, OTHER_TREE, OUTSIDER, 100)

        (record,) = await store.artifacts(tree=TREE)
        assert record.artifact == IMAGE
        assert (record.tree, record.session, record.run) == (TREE, "s", "run-a")
        assert names(await store.artifacts(runs=[RunId("run-a"), RunId("x")])) == ["chart"]
        assert await store.referred_contents(["a" * 64, "b" * 64]) == {"a" * 64}
        assert len(await store.artifacts()) == 2


async def test_one_content_counts_once_and_a_tree_has_room_for_so_much(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        await store.note_artifact(IMAGE, TREE, OUTSIDER, 100)
        same = Artifact(id=IMAGE.id, name="the same", media_type="image/png", size=60)
        await store.note_artifact(same, TREE, OUTSIDER, 100)
        other = Artifact(id="b" * 64, name="other", media_type="image/png", size=60)

        with pytest.raises(InvalidInput, match="60 bytes of the 100"):
            await store.note_artifact(other, TREE, OUTSIDER, 100)

        assert names(await store.artifacts(tree=TREE)) == ["chart", "the same"]


async def test_a_result_lists_the_artifacts_of_its_run(open_store: OpenStore) -> None:
    async with open_store() as store:
        await spawn(store, plan("a"), plan("b"))
        for name in ("run-a", "run-b"):
            claimed = await claim(store, name)
            await store.finish(RunId(name), claimed.run.epoch, DONE)
        await store.note_artifact(IMAGE, TREE, Writer(SessionKey("s"), RunId("run-b")), 100)

        results = await store.results([RunId("run-a"), RunId("run-b")])

        assert [result and result.artifacts for result in results] == [(), (IMAGE,)]


async def removals(store: Store) -> list[tuple[str, str]]:
    """Who removed what, by the events."""
    events = await store.last_events(kinds=("noticed",), limit=10)
    bodies = [event.body for event in events]
    return [(body.by, body.text) for body in bodies if isinstance(body, Noticed)]


def deletion(key: str, version: int | None = None) -> StateWrite:
    return StateWrite(TREE, key, StateOperation.DELETE, b"", version)


async def test_a_call_that_removed_a_value_removes_nothing_twice(open_store: OpenStore) -> None:
    async with open_store() as store:
        (session,) = await spawn(store, plan("a"))
        writer = Writer(session.key, RunId("run-a"), "turn-1/call/1")
        await write(store, "plan", 1)

        first = await store.write_state(deletion("plan"), writer, BOUNDS)
        await write(store, "plan", 2)
        repeated = await store.write_state(deletion("plan"), writer, BOUNDS)

        assert first == repeated == StateWritten(is_written=True, version=1)
        assert await values(store) == {"plan": (2, 2)}
        said = "removed 1 value that the tree shared, 1 bytes: plan"
        assert await removals(store) == [(session.key, said)]


async def test_a_cleared_tree_has_room_again_and_other_trees_keep_their_values(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        for key in ("a/1", "a/2", "b"):
            await write(store, key, "x" * 40)
        await write(store, "b", "y" * 60)
        await write(store, "a/1", 1, tree=OTHER_TREE)

        part = await store.clear_state(TREE, "a/", OUTSIDER)
        rest = await store.clear_state(TREE, "", OUTSIDER)
        nothing = await store.clear_state(TREE, "", OUTSIDER)

        assert [part, rest, nothing] == [Removal(2, 84), Removal(1, 62), Removal(0, 0)]
        for key in ("c", "d", "e"):
            assert (await write(store, key, "z" * 60)).version == 3
        assert await store.state_entries(OTHER_TREE, key="a/1")


async def test_artifacts_are_forgotten_once_no_run_of_their_tree_is_live(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        (session,) = await spawn(store, plan("a"))
        tree = session.key
        same = replace(IMAGE, name="the same")
        for artifact in (IMAGE, same):
            await store.note_artifact(artifact, tree, OUTSIDER, 100)
        with pytest.raises(Conflict, match="in use"):
            await store.forget_artifacts(tree, None, OUTSIDER)
        claimed = await claim(store, "run-a")
        await store.finish(claimed.run.id, claimed.run.epoch, DONE)

        none = await store.forget_artifacts(tree, [replace(IMAGE, id="b" * 64)], OUTSIDER)
        gone = await store.forget_artifacts(tree, [IMAGE], OUTSIDER)

        assert [none, gone] == [Removal(0, 0), Removal(1, 60)]
        assert [each.artifact for each in await store.artifacts(tree=tree)] == [same]
        said = "removed 1 artifact that the tree shared, 60 bytes: aaaaaaaaaaaa chart"
        assert await removals(store) == [("caller", said)]
