"""Ctrl-C, kill -9 and the same id again: nothing that was paid for is lost or paid twice."""

from __future__ import annotations

import re
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from parallel_agents.testing import Hang, HttpError

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider

LABELS = ("one", "two", "three", "four")


def asked(provider: FakeProvider) -> Counter[str]:
    """How often each label's call was made."""
    return Counter(
        label for text in provider.texts() for label in LABELS if f"About {label}" in text
    )


def test_the_same_id_again_makes_no_call_and_gives_the_same_results(
    pagents: Pagents, provider: FakeProvider
) -> None:
    command = ("run", pagents.team(*LABELS), "--id", "monday", "--json")

    first = pagents(*command)
    second = pagents(*command, "--model", "sim/storm")
    told = [line for line in second.err.splitlines() if "/4 " in line]

    assert first.code == 0
    assert second.code == 0
    assert len(provider.requests) == 4
    assert first.documents[-1]["items"] == second.documents[-1]["items"]
    assert "; already done, these are its results" in second.err
    assert "simulated" not in second.err, "it is done on another model"
    assert told == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_lets_calls_in_flight_end_and_resume_pays_nothing_twice(
    pagents: Pagents, provider: FakeProvider, number: signal.Signals
) -> None:
    provider.hold()
    running = pagents.start("run", pagents.team(*LABELS), "--id", "tea", "--max-parallel", "2")
    provider.wait_in_flight(2)

    running.signal(number)
    running.wait_for("Ctrl-C again stops at once")
    provider.release()
    ended = running.ended()
    made = [request.status for request in provider.requests]
    resumed = pagents("resume", "tea")

    assert ended.code == 130
    assert "waiting for 2 calls in flight" in ended.err
    assert "3/4 " in resumed.err
    assert "1/4 " not in resumed.err
    assert ended.out.count("  done") == 2
    assert "pagents resume tea" in ended.err
    assert "Traceback" not in ended.err
    assert made == [200, 200]
    assert resumed.code == 0
    assert "4/4 done" in resumed.out
    assert asked(provider) == dict.fromkeys(LABELS, 1)


def test_tasks_that_wait_for_a_slot_of_a_resume_are_queued_and_grow_no_older(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold()
    running = pagents.start("run", pagents.team(*LABELS), "--id", "tea", "--max-parallel", "2")
    provider.wait_in_flight(2)
    running.signal(signal.SIGINT)
    running.wait_for("Ctrl-C again stops at once")
    running.signal(signal.SIGINT)
    running.ended()
    resumed = pagents.start("resume", "tea", "--max-parallel", "1")
    provider.wait_in_flight(3)

    def waiting() -> list[str]:
        return [line for line in pagents("list", "in:tea").out.splitlines() if "slot" in line]

    before = waiting()
    listed = [item for item in pagents.items("list", "in:tea") if item["label"] in LABELS]
    team = pagents("list").out
    left = [item for item in pagents.items("health") if item["about"] == "stopped"]
    after = waiting()
    provider.release()

    states = Counter((item["status"], item["is_stopped"]) for item in listed)
    assert states == {("queued", False): 3, ("running", False): 1}
    assert "stopped" not in team
    assert left == []
    assert len(before) == 3
    assert after == before
    assert resumed.ended().code == 0


def seconds_of_a_command(pagents: Pagents) -> float:
    """How long a command takes that only looks: about half a second, and more under load."""
    began = time.monotonic()
    pagents("list")
    return time.monotonic() - began


def test_ctrl_c_lets_go_at_once_of_calls_that_a_provider_has_put_off(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.gives(HttpError(429, "slow down", headers={"retry-after": "60"}))
    running = pagents.start("run", pagents.team(*LABELS), "--id", "tea")
    provider.wait_answered(1)
    # Each was refused, or is held back since another was: that is in its history.
    put_off = "key GLOB '*/retry-*' OR key GLOB '*/waiting-*'"
    held = f"SELECT count(DISTINCT run) FROM events WHERE {put_off}"
    pagents.wait_until(lambda: pagents.query(held) == [(4,)])

    began = time.monotonic()
    running.interrupt()
    ended = running.ended()
    seconds = time.monotonic() - began
    provider.begin()
    pagents("limits", "set", "bench/good", "--off")
    resumed = pagents("resume", "tea")

    assert ended.code == 130
    assert seconds < max(5.0, 10 * seconds_of_a_command(pagents))
    assert "pagents resume tea" in ended.err
    assert "Traceback" not in ended.err
    assert pagents.query("SELECT count(*) FROM events WHERE key = 'finished'") == [(5,)]
    assert resumed.code == 0
    assert "4/4 done" in resumed.out
    assert asked(provider) == dict.fromkeys(LABELS, 1)


def test_ctrl_c_twice_stops_at_once_and_resume_completes(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.gives(Hang())
    running = pagents.start("run", pagents.team("one", "two"), "--id", "tea")
    provider.wait_in_flight(2)
    running.interrupt()
    running.wait_for("Ctrl-C again stops at once")

    began = time.monotonic()
    running.interrupt()
    ended = running.ended()
    seconds = time.monotonic() - began
    provider.begin()
    resumed = pagents("resume", "tea")

    assert ended.code == 130
    assert seconds < max(1.0, 2 * seconds_of_a_command(pagents))
    assert "Traceback" not in ended.err
    assert "pagents resume tea" in ended.err
    assert resumed.code == 0
    assert asked(provider) == {"one": 1, "two": 1}


def test_after_kill_9_the_same_id_makes_only_the_calls_that_had_not_ended(
    pagents: Pagents, provider: FakeProvider
) -> None:
    command = ("run", pagents.team(*LABELS), "--id", "crash")
    provider.gives(Hang(), to="About three")
    provider.gives(Hang(), to="About four")
    running = pagents.start(*command)
    running.wait_for("2/4")
    provider.wait_in_flight(2)
    running.kill()
    provider.begin()

    ended = pagents(*command)

    assert ended.code == 0
    assert "4/4 done" in ended.out
    assert asked(provider) == {"three": 1, "four": 1}


def test_what_a_killed_process_had_is_shown_as_stopped(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.gives(Hang())
    running = pagents.start("run", pagents.team("one"), "--id", "crash")
    provider.wait_in_flight(1)
    running.kill()

    listed = pagents("list")

    assert re.search("crash +crew +■ stopped", listed.out)


def test_what_was_stopped_by_ctrl_c_is_waited_for_with_a_word_on_how_to_go_on(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold()
    running = pagents.start("run", pagents.team("one", "two"), "--id", "tea", "--max-parallel=1")
    provider.wait_in_flight(1)
    running.interrupt()
    running.wait_for("Ctrl-C again stops at once")
    provider.release()
    running.ended()

    listed = pagents("list")
    waited = pagents("wait", "tea", "--timeout", "0.2")
    waited_on = pagents("wait", "tea", "--timeout", "60")

    stopped = "No process works on tea: it was stopped. Continue with: pagents resume tea"
    assert re.search("tea +crew +■ stopped +1/2 done, 1 stopped", listed.out)
    assert waited.code == 7
    assert stopped in waited.err
    assert "they continue" not in waited.err
    assert waited_on.code == 5
    told, ended = waited_on.err.splitlines()
    assert told == stopped
    assert ended.startswith("✔ one  done")


def test_ctrl_c_while_one_agent_is_waited_for_still_gives_its_answer(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold()
    running = pagents.start("spawn", "content_writer_funny", "Hello", "--wait")
    provider.wait_in_flight(1)
    running.interrupt()
    running.wait_for("Ctrl-C again stops at once")
    provider.release()
    ended = running.ended()
    name = ended.err.rpartition("pagents show ")[2].split()[0]

    shown = pagents("show", name)

    assert ended.code == 130
    assert ended.out == "content: sample\nhashtags: []\n"
    assert "✔ content_writer_funny  done" in ended.err
    assert shown.code == 0
    assert "✔ content_writer_funny  done" in shown.out
    assert len(provider.requests) == 1


def test_ctrl_c_ends_a_look_and_not_what_is_looked_at(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold()
    running = pagents.start("run", pagents.team("one"), "--id", "tea")
    provider.wait_in_flight(1)
    looking = pagents.start("history", "tea", "--follow")
    looking.wait_for("started")

    looking.interrupt()

    looked = looking.ended()
    provider.release()
    assert looked.code == 130
    assert "Traceback" not in looked.err
    assert running.ended().code == 0
