"""A shell is offered what may come next, and nothing that is not a name."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from parallel_agents.surfaces.completion.answering import TABLE, candidates
from parallel_agents.surfaces.completion.live_names import LiveNames


def offered(home: Path, *words: str) -> list[str]:
    return [*candidates(words, json.loads(TABLE.read_bytes()), LiveNames(str(home)))]


@pytest.mark.parametrize(
    ("words", "some"),
    [
        (["ru"], ["run"]),
        (["config", "un"], ["unset"]),
        (["config", "set", "max_par"], ["max_parallel"]),
        (["run", "--team", "conten"], ["content"]),
        (["run", "--team=conten"], ["--team=content"]),
        (["run", "--team", "=", "conten"], ["content"]),
        (["run", "--sandb"], ["--sandbox"]),
        (["run", "--sandbox", "req"], ["require"]),
        (["spawn", "code_rev"], ["code_reviewer"]),
        (["show", "@"], ["@last"]),
        (["fork", "@"], ["@last"]),
        (["store", "prune", "@"], ["@last"]),
        (["models", "use", "sim/cal"], ["sim/calm"]),
        (["spawn", "--json", "code_rev"], ["code_reviewer"]),
        (["chat", "code_rev"], ["code_reviewer"]),
        (["report", "@"], ["@last"]),
        (["docs", "recip"], ["recipes"]),
        (["docs", "E10"], [f"E10{digit}" for digit in range(9)]),
        (["map", "x", "--reduce", "code_rev"], ["code_reviewer"]),
        (["list", "sta"], ["state:"]),
        (["list", "state:fa"], ["state:failed"]),
        (["list", "state", ":", "fa"], ["failed"]),
        (["list", "since", ":"], ["10m", "2h", "1d", "7d"]),
        (["list", "state:failed,ki"], ["state:failed,killed"]),
        (["list", "agent:code_rev"], ["agent:code_reviewer"]),
        (["list", "label:x"], []),
        (["spawn", "-i", "a", "=", "b", "code_rev"], ["code_reviewer"]),
        (["--profile", "work", "ru"], ["run"]),
        (["--url", "https://box:7333", "-v", "spawn", "code_rev"], ["code_reviewer"]),
    ],
)
def test_what_may_come_next_is_offered(tmp_path: Path, words: list[str], some: list[str]) -> None:
    assert offered(tmp_path, *words) == some


def test_names_of_the_home_are_offered(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "mine_own.md").touch()
    (tmp_path / "config.toml").write_text("[settings.work]\n[ladders]\nup = ['a/b']\n", "utf-8")

    assert offered(tmp_path, "spawn", "mine_") == ["mine_own"]
    assert offered(tmp_path, "run", "--profile", "") == ["work"]
    assert offered(tmp_path, "run", "-m", "ladder/") == ["ladder/up"]


def store(
    home: Path, rows: list[tuple[object, ...]], letters: Sequence[tuple[str, int | None]] = ()
) -> None:
    """A store with these sessions and dead letters, in the columns that are read."""
    with closing(sqlite3.connect(home / "store.db")) as made:
        made.execute(
            "CREATE TABLE sessions (key, parent, root, label, spawn_key, created_at, options)"
        )
        made.execute("CREATE TABLE dead_letters (session, at, dropped_at)")
        made.executemany("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        made.executemany("INSERT INTO dead_letters VALUES (?, 1, ?)", letters)
        made.commit()


def test_ids_and_tags_of_the_store_are_offered(tmp_path: Path) -> None:
    tea, rain, team = "agent:a:subagent:0f0f0f0f-1", "agent:a:subagent:1f1f1f1f-2", "team:t:monday"
    store(
        tmp_path,
        [
            (tea, "", tea, "tea", "morning", 1, '{"tags": ["shop", "x;y"]}'),
            (rain, "", rain, "rain", "morning/retry-2", 2, "no JSON"),
            (team, "", team, "t", "monday", 3, "{}"),
        ],
    )

    assert offered(tmp_path, "spawn", "--id", "m") == ["monday", "morning"]
    assert offered(tmp_path, "chat", "tea") == ["tea"]
    assert offered(tmp_path, "list", "tag:") == ["tag:shop"]
    assert offered(tmp_path, "run", "--tag", "") == ["shop"]


def test_sessions_within_a_team_and_dead_letters_are_offered(tmp_path: Path) -> None:
    team, fetch, write = "team:t:gym", "agent:a:subagent:0f0f0f0f-1", "agent:a:subagent:1f1f1f1f-2"
    store(
        tmp_path,
        [
            (team, "", team, "t", "gym", 1, "{}"),
            (fetch, team, team, "fetch", "0", 2, "{}"),
            (write, team, team, "row/9", "1", 3, "{}"),
        ],
        letters=[(fetch, None), (write, 5)],
    )

    assert offered(tmp_path, "show", "gym/fe") == ["gym/fetch"]
    assert offered(tmp_path, "show", "gym/row/") == ["gym/row/9"]
    assert offered(tmp_path, "wait", "@last/") == ["@last/row/9", "@last/fetch"]
    assert offered(tmp_path, "show", "other/") == []
    assert offered(tmp_path, "dlq", "retry", "") == ["fetch", "0f0f0f0f", "gym"]


def test_a_name_that_a_shell_would_execute_is_not_offered(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    for name in ("zz$(id).md", "zz;ls.md", "zz\x1b[2J.md", "zz`x`.md", "zz_fine.md"):
        (tmp_path / "agents" / name).touch()

    assert offered(tmp_path, "spawn", "zz") == ["zz_fine"]


@pytest.mark.parametrize("content", [b"\xff", b"[settings", b"settings = 3"])
def test_a_broken_configuration_offers_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.toml").write_bytes(content)

    assert offered(tmp_path, "run", "--profile", "") == []


def test_a_broken_store_offers_no_sessions_and_none_is_made(tmp_path: Path) -> None:
    assert offered(tmp_path, "show", "") == ["@last"]
    assert [*tmp_path.iterdir()] == []

    (tmp_path / "store.db").write_bytes(b"not a store" * 100)

    assert offered(tmp_path, "show", "") == []


def test_an_answer_loads_neither_the_settings_nor_the_framework() -> None:
    code = (
        "import sys; import parallel_agents.surfaces.completion.answering;"
        "print(sorted(set(sys.modules) & {'typer', 'pydantic', 'rich', 'asyncio', 'orjson'}))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert done.stdout.strip() == b"[]"
