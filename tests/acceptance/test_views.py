"""Views show a page of what there is, say how much more there is, and load little."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents


@pytest.fixture(scope="module")
def teams(shared: Pagents) -> Pagents:
    """A home with three teams of two tasks."""
    for number in (1, 2, 3):
        assert shared("run", shared.team("one", "two"), "--id", f"team-{number}").code == 0
    return shared


def test_a_list_is_paged_after_the_last_line(teams: Pagents) -> None:
    first = teams("list", "--limit", "2")
    found = re.search(r"2 of 3 shown; next: --after (\S+)", first.err)
    assert found is not None
    second = teams("list", "--limit", "2", "--after", found[1])

    assert re.findall(r"^team-\d", first.out, re.MULTILINE) == ["team-3", "team-2"]
    assert re.findall(r"^team-\d", second.out, re.MULTILINE) == ["team-1"]
    assert teams.json("list", "--limit", "2")["counts"] == {"items": 2, "total": 3}


def test_a_team_is_paged_in_the_order_of_its_tasks(teams: Pagents) -> None:
    pages = [
        teams.items("list", "team-1", "--limit", "1"),
        teams.items("list", "team-1", "--limit", "1", "--after", "team-1"),
        teams.items("list", "team-1", "--limit", "1", "--after", "team-1/one"),
    ]

    assert [[item["label"] for item in page] for page in pages] == [["crew"], ["one"], ["two"]]


def test_show_leaves_out_tasks_beyond_the_limit_and_says_so(teams: Pagents) -> None:
    shown = teams("show", "team-1", "--limit", "1")

    assert "✔ one  done" in shown.out
    assert "✔ two  done" not in shown.out
    assert "1 of 2 tasks shown" in shown.err
    assert teams.json("show", "team-1", "--limit", "1")["truncated"] is True


def test_a_history_shows_the_last_events_and_the_way_to_the_others(teams: Pagents) -> None:
    whole = teams.items("history", "team-1")
    told = teams("history", "team-1", "--limit", "2")
    found = re.search(r"(\d+) earlier events: --before (\d+)", told.err)
    assert found is not None

    assert int(found[1]) == len(whole) - 2
    assert teams.items("history", "team-1", "--limit", "2") == whole[-2:]
    assert teams.items("history", "team-1", "--before", found[2]) == whole[:-2]
    assert teams.items("history", "team-1", "--after", "0", "--limit", "3") == whole[:3]
    assert teams.items("history", "team-1", "--limit", "0") == whole


def test_an_audit_shows_the_last_decisions_and_the_way_to_the_others(teams: Pagents) -> None:
    whole = teams.items("audit")
    last = teams("audit", "--limit", "3")
    found = re.search(r"earlier events: --before (\d+)", last.err)
    assert found is not None

    assert teams.items("audit", "--limit", "3") == whole[-3:]
    assert teams.items("audit", "--before", found[1]) == whole[:-3]
    assert teams.items("audit", "--after", str(whole[3]["seq"]), "--limit", "2") == whole[4:6]


def test_one_page_has_one_beginning(teams: Pagents) -> None:
    teams("history", "team-1", "--before", "9", "--after", "2").assert_refused("PA-E101", exits=2)


def test_a_second_verification_says_what_it_did_not_verify_again(teams: Pagents) -> None:
    first = teams("audit", "--verify")
    second = teams("audit", "--verify")
    full = teams("audit", "--verify", "--full")

    assert "were verified" not in first.out
    assert "0 events are new; the others were verified" in second.out
    assert full.out == first.out


@pytest.mark.parametrize("command", ["list", "show @last", "cost", "history @last", "audit"])
def test_what_only_reads_loads_neither_models_nor_a_network(teams: Pagents, command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", teams.path, *command.split()],
        env=teams.environment,
        cwd=teams.folder,
        capture_output=True,
        text=True,
        check=False,
    )

    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert done.returncode == 0, done.stderr[-500:]
    assert "parallel_agents.stores.sqlite" in loaded
    assert not loaded & {"aiohttp", "parallel_agents.models.http", "parallel_agents.app.opening"}
