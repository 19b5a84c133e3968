"""All transcripts are searched by an index that is never worth more than the journal."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

import parallel_agents as pa
from benchmarks.searching import Size, fill
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.transcript_search import Hit, Hits
from parallel_agents.errors import InvalidInput, SearchFailed
from parallel_agents.lock import hold_nowait
from parallel_agents.searching.finding import Bounds
from parallel_agents.searching.store_search import INDEX_NAME, LOCK_NAME, StoreSearch
from parallel_agents.secrets.known import KNOWN
from parallel_agents.stores.sqlite import SqliteStore
from parallel_agents.stores.sqlite_copies import copy_store
from parallel_agents.testing import RepliesWith, open_rig

WRITER = pa.Agent(name="writer", description="Writes", instructions="Write.")
PROGRAM = Path(__file__).with_name("indexing_program.py")
USUAL = Bounds()
REPLY = "The Café lists events. 北京天气预报"


async def talk(home: Path, *tasks: str, reply: str = REPLY) -> list[SessionKey]:
    """Sessions that are done, each with a task and a reply."""
    store = await SqliteStore.open(home / "store.db")
    async with open_rig(RepliesWith(lambda _: reply), agents=[WRITER], store=store) as rig:
        handles = [await rig.sessions.spawn(pa.Task("writer", task)) for task in tasks]
        for handle in handles:
            await handle.wait()
    await store.aclose()
    return [handle.key for handle in handles]


def count_texts(home: Path) -> int:
    with closing(sqlite3.connect(home / INDEX_NAME)) as sql:
        return sql.execute("SELECT COUNT(*) FROM texts").fetchone()[0]


def execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as sql:
        sql.execute(statement)


@asynccontextmanager
async def searching(
    home: Path, *, keeps_index: bool = True, bounds: Bounds = USUAL
) -> AsyncGenerator[StoreSearch]:
    store = await SqliteStore.open(home / "store.db")
    search = StoreSearch(store, home, keeps_index=keeps_index, bounds=bounds)
    try:
        yield search
    finally:
        search.close()
        await store.aclose()


async def find(home: Path, phrase: str, *, keeps_index: bool = True) -> Hits:
    async with searching(home, keeps_index=keeps_index) as search:
        await search.catch_up()
        return await search.find(phrase, limit=50)


async def test_what_was_said_is_found_with_who_said_it_and_where_it_matches(tmp_path: Path) -> None:
    key, _ = await talk(tmp_path, "Find the calendar", "Rest")

    (task,) = (await find(tmp_path, "CALENDAR")).items
    (reply, other) = (await find(tmp_path, 'cafe "天气"')).items

    assert (task.session, task.role.value, task.marked) == (key, "task", "Find the [calendar]")
    assert reply.role.value == other.role.value == "model"
    assert reply.marked == "The [Café] lists events. 北京[天气]预报"
    assert reply.seq > other.seq
    assert stat.S_IMODE((tmp_path / INDEX_NAME).stat().st_mode) == 0o600


async def test_pages_go_through_all_hits_once_even_if_more_is_said_meanwhile(
    tmp_path: Path,
) -> None:
    await talk(tmp_path, "tea one", "tea two", "tea three")
    async with searching(tmp_path) as search:
        await search.catch_up()
        first = await search.find("tea", limit=2)
        await talk(tmp_path, "tea four")
        await search.catch_up()
        second = await search.find("tea", limit=2, after=first.next)

    assert (first.total, second.total, second.next) == (3, 3, "")
    assert len({hit.seq for hit in (*first.items, *second.items)}) == 3
    with pytest.raises(InvalidInput, match="no page begins"):
        await find_after(tmp_path, "x")


async def test_a_filter_of_very_many_hits_finds_what_it_finds_of_few(tmp_path: Path) -> None:
    keys = await talk(tmp_path, *(f"tea {number}" for number in range(6)), reply="tea")
    chosen = keys[::2]
    async with searching(tmp_path) as search:
        await search.catch_up()
        few = await search.find("tea", sessions=chosen, limit=50)
    async with searching(tmp_path, bounds=Bounds(few=0)) as search:
        many = await search.find("tea", sessions=chosen, limit=50)
    async with searching(tmp_path, bounds=Bounds(few=0, ranked=2, at_once=4)) as search:
        paged: list[Hit] = []
        after = ""
        while after or not paged:
            page = await search.find("tea", sessions=chosen, limit=2, after=after)
            after = page.next
            paged += page.items
        await talk(tmp_path, "tea")
        await search.catch_up()
        others = await search.find("tea", sessions=keys[1::2], limit=50)

    assert (few.total, many.items) == (6, few.items)
    assert {hit.session for hit in paged} == set(chosen)
    assert sorted(hit.seq for hit in paged) == sorted(hit.seq for hit in few.items)
    assert others.total == 6
    assert {hit.session for hit in others.items} < set(keys[1::2])


async def find_after(home: Path, after: str) -> Hits:
    async with searching(home) as search:
        return await search.find("tea", limit=2, after=after)


async def test_a_killed_process_leaves_an_index_that_goes_on_where_it_was(tmp_path: Path) -> None:
    await fill(tmp_path / "store.db", Size(5, 200))
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    process.kill()
    await process.wait()

    async with searching(tmp_path) as search:
        coverage = await search.catch_up()

    assert coverage.behind == 0
    assert count_texts(tmp_path) == 5 * 201


async def test_of_two_processes_one_indexes_and_each_text_is_there_once(tmp_path: Path) -> None:
    await fill(tmp_path / "store.db", Size(5, 200))
    programs = [
        await asyncio.create_subprocess_exec(sys.executable, str(PROGRAM), str(tmp_path))
        for _ in range(2)
    ]

    codes = [await program.wait() for program in programs]
    await find(tmp_path, "talk")

    assert codes == [0, 0]
    assert count_texts(tmp_path) == 5 * 201


async def test_while_another_process_indexes_what_is_there_is_searched(tmp_path: Path) -> None:
    await talk(tmp_path, "tea")
    await find(tmp_path, "tea")
    await talk(tmp_path, "more tea")

    with hold_nowait(tmp_path / LOCK_NAME):
        found = await find(tmp_path, "tea")
    afterwards = await find(tmp_path, "tea")

    assert (found.total, found.coverage.behind > 0) == (1, True)
    assert (afterwards.total, afterwards.coverage.behind) == (2, 0)


async def test_before_another_process_has_made_the_index_nothing_is_found(tmp_path: Path) -> None:
    await talk(tmp_path, "tea")

    with hold_nowait(tmp_path / LOCK_NAME):
        found = await find(tmp_path, "tea")

    assert (found.total, found.coverage.at) == (0, None)
    assert found.coverage.behind > 0


async def test_a_home_that_must_not_be_written_is_searched_and_stays_as_it_is(
    tmp_path: Path,
) -> None:
    await talk(tmp_path, "tea")
    await find(tmp_path, "tea")
    await talk(tmp_path, "more tea")
    before = (tmp_path / INDEX_NAME).read_bytes()

    found = await find(tmp_path, "tea", keeps_index=False)

    assert (found.total, found.coverage.behind) == (2, 0)
    assert (tmp_path / INDEX_NAME).read_bytes() == before


async def test_what_was_pruned_is_neither_found_nor_in_the_index(tmp_path: Path) -> None:
    gone, _ = await talk(tmp_path, "secretive tea", "tea")
    async with searching(tmp_path) as search:
        await search.catch_up()
        store = await SqliteStore.open(tmp_path / "store.db")
        await store.prune_step([gone], by="ana", why="test")
        await store.aclose()

        unaware = await search.find("secretive", limit=5)
        await search.catch_up()
        aware = await search.find("secretive", limit=5)
        left = await search.find("tea", limit=5)

    assert (unaware.items, aware.total, left.total) == ([], 0, 1)
    with closing(sqlite3.connect(tmp_path / INDEX_NAME)) as sql:
        blocks = sql.execute("SELECT block FROM words_data").fetchall()
    assert not any(b"secretive" in block for (block,) in blocks)


@pytest.mark.parametrize("goes_on", [False, True])
async def test_a_store_that_was_replaced_by_an_older_copy_is_indexed_anew(
    tmp_path: Path, *, goes_on: bool
) -> None:
    await talk(tmp_path, "tea")
    copy_store(tmp_path / "store.db", tmp_path / "copy.db", lambda left, pages: None)
    await talk(tmp_path, "lost coffee")
    assert (await find(tmp_path, "coffee")).total == 1
    for end in ("", "-wal", "-shm"):
        (tmp_path / f"store.db{end}").unlink(missing_ok=True)
    (tmp_path / "copy.db").rename(tmp_path / "store.db")
    if goes_on:
        await talk(tmp_path, "much water", "more water", "most water")

    found = await find(tmp_path, "coffee")

    assert (found.total, found.coverage.behind) == (0, 0)
    assert (await find(tmp_path, "tea")).total == 1


@pytest.mark.parametrize(
    "content", [b"", b"no database" * 1000, b"SQLite format 3\0" + b"\xff" * 9000]
)
async def test_a_file_that_is_not_an_index_is_made_anew(tmp_path: Path, content: bytes) -> None:
    await talk(tmp_path, "tea")
    (tmp_path / INDEX_NAME).write_bytes(content)

    assert (await find(tmp_path, "tea")).total == 1


@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA user_version = 99",
        "UPDATE place SET form = 'other'",
        "DELETE FROM place",
        "DROP TABLE words",
        "DELETE FROM words_data",
        "UPDATE bodies SET body = x'00'",
        "DELETE FROM bodies",
        "UPDATE place SET hash = x'00'",
    ],
)
async def test_an_index_of_another_form_or_with_damage_is_made_anew(
    tmp_path: Path, statement: str
) -> None:
    await talk(tmp_path, "tea")
    await find(tmp_path, "tea")
    execute(tmp_path / INDEX_NAME, statement)
    await talk(tmp_path, "more tea")

    found = await find(tmp_path, "tea")

    assert [hit.marked for hit in found.items] == ["[tea]", "more [tea]"]


async def test_an_open_search_sees_that_the_index_was_made_anew(tmp_path: Path) -> None:
    await talk(tmp_path, "tea")
    async with searching(tmp_path) as search:
        await search.catch_up()
        (tmp_path / INDEX_NAME).unlink()
        await talk(tmp_path, "more tea")
        await find(tmp_path, "tea")

        assert (await search.find("tea", limit=5)).total == 2


async def test_a_link_at_the_place_of_the_index_is_replaced_and_what_it_leads_to_stays(
    tmp_path: Path,
) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    other.write_text("mine")
    other.chmod(0o644)
    await talk(home, "tea")
    (home / INDEX_NAME).symlink_to(other)

    assert (await find(home, "tea")).total == 1
    assert (other.read_text(), stat.S_IMODE(other.stat().st_mode)) == ("mine", 0o644)
    assert not (home / INDEX_NAME).is_symlink()


async def test_an_index_that_cannot_be_opened_is_refused_with_what_to_do(tmp_path: Path) -> None:
    await talk(tmp_path, "tea")
    (tmp_path / INDEX_NAME).mkdir()

    with pytest.raises(SearchFailed, match="cannot be used"):
        await find(tmp_path, "tea")


async def test_a_secret_that_became_known_later_is_in_no_snippet(tmp_path: Path) -> None:
    await talk(tmp_path, "the key is tango-7f3a9c-whiskey today")
    await find(tmp_path, "key")
    KNOWN.add("tango-7f3a9c-whiskey", "KEY")
    try:
        (hit,) = (await find(tmp_path, "today")).items
    finally:
        KNOWN.clear()

    assert hit.marked == "the key is [redacted:KEY] [today]"


async def test_a_secret_is_not_found_whenever_it_became_known(tmp_path: Path) -> None:
    secret = "tango-7f3a9c-whiskey"
    long = f"{'x' * 19_990} {secret} end"  # a text is divided within the secret
    await talk(tmp_path, f"the key is {secret} today", long)
    guesses = ("7f3a9c", "tan*", "7f*", '"tango 7f3a9c"', secret)
    async with searching(tmp_path) as search:
        await search.catch_up()
        before = [(await search.find(each, limit=5)).total for each in guesses]
        KNOWN.add(secret, "KEY")
        try:
            await talk(tmp_path, f"again {secret}")
            await search.catch_up()
            after = [(await search.find(each, limit=5)).total for each in guesses]
            others = [
                (await search.find(each, limit=5)).total for each in ("today", "end", "again")
            ]
        finally:
            KNOWN.clear()

    assert all(before)
    assert after == [0] * 5
    assert others == [1, 1, 1]


async def test_an_index_with_a_text_of_nobody_is_made_anew(tmp_path: Path) -> None:
    await talk(tmp_path, "tea")
    await find(tmp_path, "tea")
    execute(tmp_path / INDEX_NAME, "UPDATE texts SET role = 'nobody'")

    assert [hit.role.value for hit in (await find(tmp_path, "tea")).items] == ["task"]


async def test_an_answer_that_the_model_said_is_found_once(tmp_path: Path) -> None:
    await talk(tmp_path, "tea", reply="a word that is said once")

    assert [hit.role.value for hit in (await find(tmp_path, "once")).items] == ["model"]


def test_a_filter_chooses_the_sessions_and_python_gets_their_names(tmp_path: Path) -> None:
    for name in ("one", "two"):
        pa.run(
            [pa.Task("writer", f"tea {name}", label=f"tea-{name}")],
            key=name,
            home=tmp_path,
            agents=[WRITER],
            models={"scripted": lambda _: RepliesWith(lambda _: "Tea.")},
            model="scripted/m",
        )

    every = pa.search("tea", home=tmp_path)
    some = pa.search("tea", "in:two agent:writer state:done", home=tmp_path)
    none = pa.search("tea", "state:failed", home=tmp_path)

    assert every.total == 4
    assert {(hit.label, hit.agent) for hit in some.items} == {("tea-two", "writer")}
    assert (some.total, none.total) == (2, 0)


def test_a_search_without_a_store_makes_none(tmp_path: Path) -> None:
    assert pa.search("tea", home=tmp_path / "home").total == 0
    assert not (tmp_path / "home").exists()


async def test_who_gives_up_while_it_indexes_leaves_an_index_that_can_be_used(
    tmp_path: Path,
) -> None:
    await fill(tmp_path / "store.db", Size(2, 200))
    async with searching(tmp_path) as search:
        has_begun = asyncio.Event()
        task = asyncio.create_task(search.catch_up(on_progress=lambda _: has_begun.set()))
        await has_begun.wait()
        task.cancel()
        await asyncio.wait([task])
        coverage = await search.catch_up()

    assert coverage.behind == 0
    assert count_texts(tmp_path) == 2 * 201
