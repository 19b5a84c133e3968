"""Sessions that a worker in the background carries out, seen and steered from other processes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from parallel_agents.testing import Hang

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider

WRITER = ("spawn", "content_writer_funny")


@pytest.fixture(scope="module")
def monday(shared: Pagents) -> Pagents:
    """A home with a team's run that is over."""
    assert shared("run", shared.team("one", "two"), "--id", "monday").code == 0
    return shared


def test_spawn_leaves_the_work_to_a_worker_that_goes_when_nothing_is_left(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold()
    spawned = pagents(*WRITER, "Write about cats.")
    name = spawned.out.strip()
    pagents.wait_until(lambda: bool(pagents.workers()))

    short = pagents("wait", name, "--timeout", "0.1")
    provider.release()
    waited = pagents("wait", name)
    (worker,) = pagents.workers()
    pagents.wait_workers_gone()

    assert spawned.code == 0
    assert f"pagents wait {name}" in spawned.err
    assert short.code == 7
    assert "Not finished after 0.1 s; it continues." in short.err
    assert waited.code == 0
    assert "✔ content_writer_funny  done" in waited.err
    assert len(provider.requests) == 1
    assert pagents.query(f"SELECT state FROM owners WHERE pid = {worker}") == [("gone",)]
    assert (pagents.home / "worker.log").read_text("utf-8") == ""


def test_what_has_ended_is_printed_when_the_time_is_up(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold(to="About dogs")
    dogs = pagents(*WRITER, "About dogs.").out.strip()
    cats = pagents(*WRITER, "About cats.").out.strip()
    pagents("wait", cats)

    told = pagents("wait", dogs, cats, "--timeout", "0.1")
    found = pagents("wait", dogs, cats, "--timeout", "0.1", "--json")
    provider.release()

    assert (told.code, found.code) == (7, 7)
    assert "✔ content_writer_funny  done" in told.err
    assert "Not finished after 0.1 s; they continue." in told.err
    assert [item["status"] for item in found.documents[-1]["items"]] == ["done"]
    assert pagents("wait", dogs).code == 0


def test_one_worker_serves_what_comes_while_it_is_there(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold()
    first = pagents(*WRITER, "Write about cats.").out.strip()
    provider.wait_in_flight(1)

    second = pagents(*WRITER, "Write about dogs.").out.strip()
    provider.wait_in_flight(2)
    provider.release()

    assert pagents("wait", first, second).code == 0
    assert len(pagents.workers()) == 1


def test_spawn_and_wait_gives_the_result_here(pagents: Pagents) -> None:
    ended = pagents(*WRITER, "Write about cats.", "--label", "cats", "--wait", "--json")

    (document,) = ended.documents
    (item,) = document["items"]
    assert ended.code == 0
    assert document["schema"] == "pagents.result/1"
    assert item["label"] == "cats"
    assert item["status"] == "done"
    assert pagents.workers() == []


def test_an_answer_is_held_to_gates_of_the_command_line_and_the_best_version_is_kept(
    pagents: Pagents, provider: FakeProvider
) -> None:
    versions = iter(["far too long", "longer, but with an s", "short"])
    provider.answer = lambda _: next(versions)
    task = ("spawn", "main", "Be short.", "--gate", "len(text) < 9", "--gate", "'s' in text")

    short = pagents(*task, "--refine", "4", "--wait", "--label", "a", "--json")
    refused = pagents(*task[:3], "--gate", "len(text <", "--wait")

    # The second version passes one gate more than the first, so the loop goes on.
    assert short.code == 0, short
    assert short.documents[0]["items"][0]["output"] == "short"
    assert len(provider.requests) == 3
    refused.assert_refused("PA-E101", "'len(text <'", exits=2)


def test_a_file_goes_where_the_agent_wants_it(pagents: Pagents, provider: FakeProvider) -> None:
    source = pagents.file("adder.py", "def add(a, b): return a - b")

    reviewed = pagents("spawn", "code_reviewer", "Review this.", "-f", source, "--wait")
    written = pagents(*WRITER, "Write about this.", "-f", source, "--wait")

    review, post = provider.texts()
    assert reviewed.code == 0
    assert written.code == 0
    assert r"\"code\": \"def add(a, b): return a - b\"" in review
    assert "File adder.py:" in post


def test_the_same_key_again_is_the_same_session_and_other_work_is_refused(
    pagents: Pagents, provider: FakeProvider
) -> None:
    first = pagents(*WRITER, "Write about cats.", "--key", "cats", "--wait", "--json")

    again = pagents(*WRITER, "Write about cats.", "--key", "cats", "--wait", "--json")
    named = [pagents(*asked, "-o", "id").out for asked in (("wait", "cats"), ("list",))]
    other = pagents(*WRITER, "Write about dogs.", "--key", "cats", "--wait")

    assert named == ["cats\n", "cats\n"]
    assert again.documents[0]["items"] == first.documents[0]["items"]
    assert len(provider.requests) == 1
    other.assert_refused("PA-E106", "cats", exits=1)


def test_a_session_goes_on_where_it_was_with_the_next_run(
    pagents: Pagents, provider: FakeProvider
) -> None:
    first = pagents(*WRITER, "Write about cats.", "--label", "cats", "--wait")

    sent = pagents("send", "cats", "Now about dogs.", "--wait", "--progress", "none")
    fork = pagents("fork", "cats", "Now about birds.", "--wait", "--progress", "none")

    assert sent.code == fork.code == 0
    assert "asks the model" in first.err
    assert "asks the model" not in sent.err + fork.err
    assert "Write about cats." in provider.texts()[1]
    assert "Now about dogs." in provider.texts()[1]
    assert pagents("history", "cats").out.count("✔ done") == 2


def test_an_empty_store_says_how_to_begin(pagents: Pagents) -> None:
    ended = pagents("list")

    assert ended.code == 0
    assert ended.out == ""
    assert "pagents run --team content" in ended.err


def test_list_counts_what_a_team_has_done(monday: Pagents) -> None:
    listed = monday("list")
    items = monday.items("list", "monday")

    assert re.search(r"monday +crew +✔ done +2/2 done", listed.out)
    assert {item["label"]: item["status"] for item in items} == dict.fromkeys(
        ("crew", "one", "two"), "done"
    )


def test_show_has_the_results_of_a_team(monday: Pagents) -> None:
    shown = monday("show", "monday")

    assert shown.code == 0
    assert "✔ one  done" in shown.out
    assert "✔ done  crew  team:crew:monday" in shown.out


def test_list_says_what_it_leaves_out(pagents: Pagents) -> None:
    pagents("run", pagents.team("one"), "--id", "long-ago")
    pagents.alter("UPDATE runs SET finished_at = finished_at - 7200")

    recent = pagents("list")
    everything = pagents("list", "--all")

    assert "long-ago" not in recent.out
    assert "0 of 1 shown" in recent.err
    assert "--all" in recent.err
    assert "long-ago" in everything.out
    assert pagents.json("list")["truncated"] is True


def test_history_tells_the_task_the_answer_and_the_end(monday: Pagents) -> None:
    told = monday("history", "monday/one")
    whole = monday.json("history", "monday")

    lines = [line for line in told.out.splitlines() if not line.startswith("  ")]
    assert [line.split("  ")[1] for line in lines] == ["task", "started", "bench/good", "✔ done"]
    assert "About one." in told.out
    assert "About two." not in told.out
    assert [item["seq"] for item in whole["items"]] == sorted(i["seq"] for i in whole["items"])


def test_history_follows_a_team_that_another_process_runs(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold()
    running = pagents.start("run", pagents.team("one", "two"), "--id", "tea")
    provider.wait_in_flight(2)

    following = pagents.start("history", "tea", "--follow")
    following.wait_for("started")

    assert "✔ done" not in following.out
    provider.release()
    followed = following.ended()
    assert followed.code == 0
    assert followed.out.count("✔ done") == 3
    assert running.ended().code == 0


def test_a_word_that_comes_during_a_call_is_queued_and_delivered_before_the_next(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold(times=1)
    running = pagents.start("run", pagents.team("cats"), "--id", "tea")
    provider.wait_in_flight(1)

    steering = pagents.start("steer", "tea/cats", "Rather about dogs.")
    pagents.wait_until(lambda: bool(pagents.query("SELECT 1 FROM events WHERE key LIKE '%steer%'")))
    provider.release()
    steered = steering.ended()

    assert steered.code == 0
    assert "delivered, before turn 2" in steered.out
    assert running.ended().code == 0
    assert len(provider.requests) == 2
    assert "Rather about dogs." in provider.texts()[1]


def test_a_word_now_breaks_into_the_call(pagents: Pagents, provider: FakeProvider) -> None:
    provider.gives(Hang(), times=1)
    running = pagents.start("run", pagents.team("cats"), "--id", "tea")
    provider.wait_in_flight(1)

    steered = pagents("steer", "tea/cats", "Rather about dogs.", "--now", "--json")

    (item,) = steered.documents[0]["items"]
    assert item["state"] == "delivered, before turn 1"
    assert running.ended().code == 0


def test_a_word_after_is_the_next_run(pagents: Pagents, provider: FakeProvider) -> None:
    provider.hold()
    name = pagents(*WRITER, "Write about cats.").out.strip()
    provider.wait_in_flight(1)

    steered = pagents("steer", name, "Now about dogs.", "--after")
    provider.release()

    assert "queued as the next run" in steered.out
    assert pagents("wait", name).code == 0
    assert len(provider.requests) == 2
    assert "Now about dogs." in provider.texts()[1]


def test_a_word_to_a_run_that_waits_for_its_place_says_so(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold()
    team = pagents.team("one", "two")
    running = pagents.start("run", team, "--id", "tea", "--max-parallel", "1")
    provider.wait_in_flight(1)

    steered = pagents("steer", "tea/two", "Be brief.")
    provider.release()

    assert "queued until the run starts" in steered.out
    assert running.ended().code == 0
    assert "Be brief." in provider.texts()[1]


def test_a_word_that_the_run_s_end_overtakes_ends_with_1(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.gives(Hang(), times=1)
    running = pagents.start("run", pagents.team("cats"), "--id", "tea")
    provider.wait_in_flight(1)

    steering = pagents.start("steer", "tea/cats", "Rather about dogs.")
    pagents.wait_until(lambda: bool(pagents.query("SELECT 1 FROM events WHERE key LIKE '%steer%'")))
    pagents("kill", "tea", "--yes")
    steered = steering.ended()

    assert steered.code == 1
    assert "the run ended before it was delivered" in steered.out
    running.ended()


def test_a_word_to_a_run_that_is_over_is_refused(monday: Pagents) -> None:
    steered = monday("steer", "monday/one", "Too late.")

    steered.assert_refused("PA-E107", "pagents send", exits=1)


def test_kill_ends_a_whole_team_from_another_process(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.gives(Hang(), to="About two")
    provider.gives(Hang(), to="About three")
    running = pagents.start("run", pagents.team("one", "two", "three"), "--id", "tea")
    provider.wait_in_flight(2)
    running.wait_for("✔ one  done")

    planned = pagents("kill", "tea", "--dry-run")
    live = pagents.items("list", "tea")
    killed = pagents("kill", "tea")
    sent = pagents("send", "tea/two", "More.")

    ended = running.ended()
    assert "would end 2 live: 2 running, 0 queued; 1 had ended already" in planned.out
    assert [item["status"] for item in live].count("running") == 3
    assert "ended 2 live" in killed.out
    assert ended.code == 1
    assert "✔ one  done" in ended.out
    assert "■ two  killed" in ended.out
    assert "killed by ana" in pagents("history", "tea/two").out
    sent.assert_refused("PA-E107", exits=1)


def test_what_is_said_of_a_killed_team_names_ways_that_work(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.gives(Hang())
    running = pagents.start("run", pagents.team("one"), "--id", "tea")
    provider.wait_in_flight(1)
    pagents("kill", "tea")
    running.ended()

    resumed = pagents("resume", "tea")
    steered = pagents("steer", "tea/one", "More.")
    sent = pagents("send", "tea", "More.")

    assert "; what was killed starts no more: begin it again under another --id" in resumed.err
    assert "dlq retry" not in resumed.err  # a killed run leaves no dead letter
    steered.assert_refused("PA-E107", "spawn a new one", exits=1)
    sent.assert_refused("PA-E101", "`pagents fork tea/LABEL`", exits=2)


def test_a_message_to_a_team_names_its_agents(monday: Pagents) -> None:
    for wait in ((), ("--wait",)):
        sent = monday("send", "monday", "More.", *wait)

        sent.assert_refused("PA-E101", "monday/LABEL", exits=2)


def test_a_task_that_was_sent_more_is_listed_once_in_its_place(pagents: Pagents) -> None:
    pagents("run", pagents.team("one", "two"), "--id", "tea")
    (before,) = pagents.items("list", "tea", "--limit", "2")[1:]
    pagents("send", "tea/one", "More.", "--wait")

    for asked in (("tea",), ("--tree",), ("in:tea",)):
        listed = pagents.items("list", *asked)
        assert [item["label"] for item in listed][1:] == ["one", "two"]
        assert listed[1]["run_id"] != before["run_id"]
    after = pagents.items("list", "tea", "--after", listed[1]["session_key"])
    assert [item["label"] for item in after] == ["two"]


def test_a_team_is_listed_in_the_order_of_its_tasks(monday: Pagents) -> None:
    listed = [item["label"] for item in monday.items("list", "monday")]

    assert listed == ["crew", "one", "two"]
