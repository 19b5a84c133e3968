"""Workers that are killed, that lack what a run needs, and that are waited for in vain."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from parallel_agents.testing import Hang, HttpError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider

WRITER = ("spawn", "content_writer_funny")


def kill_worker(pagents: Pagents) -> None:
    (worker,) = pagents.workers()
    os.kill(worker, signal.SIGKILL)
    pagents.wait_workers_gone()


def left_by_a_killed_worker(pagents: Pagents, provider: FakeProvider, *spawn: str) -> str:
    """The name of a run whose worker was killed in the middle of a call."""
    provider.gives(Hang(), times=1)
    name = pagents(*spawn).out.strip()
    provider.wait_in_flight(1)
    kill_worker(pagents)
    return name


def test_a_spawn_after_its_worker_was_killed_is_carried_out(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.gives(Hang(), times=1)
    first = pagents(*WRITER, "Write about cats.").out.strip()
    provider.wait_in_flight(1)
    kill_worker(pagents)

    second = pagents(*WRITER, "Write about dogs.").out.strip()
    pagents.wait_until(lambda: len(pagents.workers()) == 2)
    waited = pagents("wait", first, second)

    assert waited.code == 0
    assert len(pagents.workers()) == 2
    log = (pagents.home / "worker.log").read_text("utf-8")
    assert f"took over the runs of a dead process: {first} (content_writer_funny)" in log


def test_a_paused_team_starts_nothing_whatever_dies_until_it_is_unpaused(
    pagents: Pagents, provider: FakeProvider
) -> None:
    team = pagents.team("cats", "dogs", "mice")
    provider.hold("cats")
    running = pagents.start("run", team, "--id", "nightly", "--max-parallel", "1")
    provider.wait_in_flight(1)

    paused = pagents("pause", "nightly")
    provider.release()
    pagents.wait_ended(1)  # the call in flight is kept
    running.kill()
    listed = pagents.items("list", "state:paused")
    seen = pagents("list").out
    unpaused = pagents("unpause", "nightly")
    waited = pagents("wait", "nightly")

    assert paused.out == "‖ nightly: paused 4 live runs\n"
    assert len(provider.requests) == 3
    assert {each["state"] for each in listed} == {"paused"}
    assert len(listed) == 3
    assert "‖ paused  by " in seen
    assert "1/3 done, 2 paused" in seen
    assert unpaused.out == "▶ nightly: 3 live runs may go on\n"
    assert waited.code == 0
    assert sum(each["what"] in ("pause", "unpause") for each in pagents.items("audit")) == 7


DOGS = (*WRITER, "Write about dogs.", "--wait")
PROGRAM = """\
import parallel_agents as pa
print(pa.run(pa.Task("content_writer_funny", "Write about dogs.")).status)
"""


@pytest.mark.parametrize("is_program", [False, True])
def test_work_gives_its_own_result_and_leaves_what_a_dead_process_left_to_a_worker(
    pagents: Pagents, provider: FakeProvider, programs: Path, *, is_program: bool
) -> None:
    provider.gives(Hang(), "cats", times=1)
    cats = pagents(*WRITER, "Write about cats.").out.strip()
    provider.wait_in_flight(1)
    kill_worker(pagents)

    provider.hold("dogs")
    program = replace(pagents, path=programs / "python")
    dogs = program.start("-c", PROGRAM) if is_program else pagents.start(*DOGS)
    pagents.wait_until(lambda: len(provider.requests) == 3)
    workers = pagents.workers()
    provider.release()
    ended = dogs.ended()

    assert ended.code == 0
    assert len(workers) == 2  # one of them was killed
    assert f"A dead process had left {cats}; a background worker continues it now." in ended.err
    assert pagents("wait", cats).code == 0
    assert len(provider.requests) == 3


WITH_TOOL = """\
import sys
import parallel_agents as pa

@pa.tool(effect="pure")
def price(item: str) -> float:
    return 2.5

clerk = pa.Agent(name="clerk", description="Asks.", instructions="Be brief.", tools=("price",))
key = sys.argv[1]
print(key, pa.run(pa.Task(clerk, f"About {key}."), key=key, tools=[price]).status)
"""


def test_a_program_lets_a_call_end_that_only_a_program_like_it_can_begin(
    pagents: Pagents, provider: FakeProvider, programs: Path
) -> None:
    program = replace(pagents, path=programs / "python")
    provider.gives(Hang(), "cats", times=1)
    killed = program.start("-c", WITH_TOOL, "cats")
    provider.wait_in_flight(1)
    killed.signal(signal.SIGKILL)
    killed.ended()

    provider.hold("cats")
    dogs = program.start("-c", WITH_TOOL, "dogs")
    pagents.wait_until(lambda: len(provider.requests) == 3)
    told = "Letting a call of cats end, which was taken over from a dead process."
    dogs.wait_for(told)
    provider.release()
    ended = dogs.ended()
    again = program("-c", WITH_TOOL, "cats")

    assert (ended.code, ended.out) == (0, "dogs done\n")
    assert again.out == "cats done\n"
    assert len(provider.requests) == 3


def test_wait_starts_a_worker_where_nobody_works_on_what_it_waits_for(
    pagents: Pagents, provider: FakeProvider
) -> None:
    name = left_by_a_killed_worker(pagents, provider, *WRITER, "Write about cats.")

    waited = pagents("wait", name)

    assert waited.code == 0
    assert f"No process worked on {name}; a background worker does now." in waited.err


MINE = "---\nname: mine\ndescription: Mine.\n---\nYou are mine.\n"


def in_another_folder(pagents: Pagents) -> Pagents:
    folder = pagents.folder.with_name("elsewhere")
    (folder / ".git").mkdir(parents=True)
    return replace(pagents, folder=folder)


def test_wait_starts_a_worker_in_the_folder_where_the_run_was_started(
    pagents: Pagents, provider: FakeProvider
) -> None:
    pagents.project("agents/mine.md", MINE)
    name = left_by_a_killed_worker(pagents, provider, "spawn", "mine", "Hello.")

    waited = in_another_folder(pagents)("wait", name)

    assert waited.code == 0
    assert f"No process worked on {name}; a background worker does now." in waited.err


def test_wait_names_the_folder_where_a_stopped_run_can_be_continued(
    pagents: Pagents, provider: FakeProvider
) -> None:
    pagents.project("agents/mine.md", MINE)
    name = left_by_a_killed_worker(pagents, provider, "spawn", "mine", "Hello.")
    pagents.alter("UPDATE owners SET state = 'gone'")

    waited = in_another_folder(pagents)("wait", name)

    assert waited.code == 5
    where = f"Continue in {pagents.folder} with: pagents resume {name}"
    assert where in " ".join(waited.err.split())


def test_a_run_whose_provider_is_not_configured_here_is_refused_without_another_s_model(
    pagents: Pagents, provider: FakeProvider
) -> None:
    name = left_by_a_killed_worker(pagents, provider, *WRITER, "Write about cats.")
    (pagents.home / "config.toml").write_text('model = "anthropic/any"\n', "utf-8")

    resumed = pagents("resume", name)

    resumed.assert_refused("PA-E117", "continue it where it was started", exits=1)
    assert "no provider is called so here" in resumed.err


def test_a_worker_without_the_key_does_not_swallow_a_spawn_that_has_it(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold(to="cats")
    first = pagents(*WRITER, "Write about cats.").out.strip()
    provider.wait_in_flight(1)

    second = pagents(*WRITER, "Write about dogs.", "-m", "keyed/good", BENCH_KEY="k-1").out.strip()

    assert pagents("wait", second).code == 0
    assert len(pagents.workers()) == 2
    provider.release()
    assert pagents("wait", first).code == 0


def test_a_worker_that_has_no_room_is_left_to_itself(
    pagents: Pagents, provider: FakeProvider
) -> None:
    pagents.configure("max_parallel = 1")
    provider.hold(to="cats")
    first = pagents(*WRITER, "Write about cats.").out.strip()
    provider.wait_in_flight(1)

    second = pagents(*WRITER, "Write about dogs.").out.strip()
    provider.release()

    assert pagents("wait", first, second).code == 0
    assert len(pagents.workers()) == 1


def test_no_second_worker_is_started_for_what_waits_for_its_team(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.gives(HttpError(401, "bad key"))
    pagents("run", pagents.team("cats", "dogs"), "--id", "monday", "--max-parallel", "1")
    provider.begin()
    provider.hold(to="cats")
    (first,) = pagents.items("dlq", "retry", "monday/cats")
    provider.wait_in_flight(1)

    (second,) = pagents.items("dlq", "retry", "monday/dogs")

    assert len(provider.requests) == 1
    provider.release()
    assert pagents("wait", first["session_key"], second["session_key"]).code == 0
    assert len(provider.requests) == 2
    assert len(pagents.workers()) == 1


def test_a_stopped_run_has_the_time_until_its_process_was_last_heard(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.gives(Hang())
    name = pagents(*WRITER, "Write about cats.").out.strip()
    provider.wait_in_flight(1)
    kill_worker(pagents)
    pagents.alter("UPDATE runs SET started_at = started_at - 600")
    pagents.alter("UPDATE owners SET heartbeat_at = heartbeat_at - 595")

    listed = pagents("list", name)

    assert re.search(rf"{name} +content_writer_funny +■ stopped .* [4-9]\.\ds", listed.out)


def test_a_session_is_shown_by_its_run_at_work_with_what_waits_for_it(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold(times=1)
    name = pagents(*WRITER, "Write about cats.").out.strip()
    provider.wait_in_flight(1)

    pagents("send", name, "Now about dogs.")
    listed = pagents("list", name)
    provider.release()
    pagents("wait", name)

    assert re.search("▶ running +asks the model; 1 more queued", listed.out)


def test_what_a_worker_leaves_is_told_with_what_it_lacks(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.gives(Hang())
    name = pagents(*WRITER, "Dogs.", "-m", "keyed/good", BENCH_KEY="k-1").out.strip()
    provider.wait_in_flight(1)
    kill_worker(pagents)

    worked = pagents("work")
    waited = pagents("wait", name, "--timeout", "0.5")
    waited_on = pagents("wait", name)

    lacks = "keyed needs a key, but BENCH_KEY is not set"
    assert worked.code == 0
    assert f"left {name} (content_writer_funny): {lacks}" in worked.err
    assert waited.code == 7
    assert waited_on.code == 5
    assert (
        f"No process works on {name}: {lacks}. Continue with: pagents resume {name}" in waited.err
    )
    assert "goes on" not in waited.err


def test_spawns_at_the_same_time_do_not_start_a_worker_each(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold()
    spawning = [pagents.start(*WRITER, f"Write about {n} cats.") for n in range(8)]
    names = [running.ended().out.strip() for running in spawning]
    provider.release()

    assert pagents("wait", *names).code == 0
    # A second one only if the first had not claimed a run within a second.
    assert len(pagents.workers()) <= 2
