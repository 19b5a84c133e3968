"""A worker that stays: a service that takes what comes, says that it lives, and stops within a bound."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.processes import Running
    from tests.acceptance.support.provider import FakeProvider

WRITER = ("spawn", "content_writer_funny")


def staying(pagents: Pagents, *options: str, **variables: str) -> Running:
    worker = pagents.start("work", "--stay", *options, **variables)
    worker.wait_for("stays at work in")
    return worker


def test_a_worker_that_stays_executes_what_comes_and_ends_with_0(pagents: Pagents) -> None:
    worker = staying(pagents)
    health = pagents.home / "worker-health.json"
    said = json.loads(health.read_text("utf-8"))
    name = pagents(*WRITER, "Write about cats.").out.strip()
    waited = pagents("wait", name)

    worker.signal(signal.SIGTERM)
    ended = worker.ended()

    assert waited.code == 0
    assert (said["schema"], said["state"]) == ("pagents.worker/1", "working")
    assert pagents.workers() == [said["pid"]]
    assert (ended.code, ended.out) == (0, "")
    assert "stopped; unfinished runs stay queued" in ended.err
    assert not health.exists()


def test_at_a_sigterm_the_call_in_flight_ends_and_nothing_new_starts(
    pagents: Pagents, provider: FakeProvider
) -> None:
    pagents.configure("max_parallel = 1")
    provider.hold()
    worker = staying(pagents)
    health = pagents.home / "worker-health.json"
    first = pagents(*WRITER, "Write about cats.").out.strip()
    provider.wait_in_flight(1)
    pagents(*WRITER, "Write about dogs.")

    worker.signal(signal.SIGTERM)
    worker.wait_for("Stopping: nothing new starts; waiting for 1 call in flight.")
    said = json.loads(health.read_text("utf-8"))
    provider.release()
    ended = worker.ended()

    assert ended.code == 0
    assert (said["state"], said["calls_in_flight"]) == ("stopping", 1)
    assert pagents.items("show", first)[0]["status"] == "done"
    assert len(provider.requests) == 1


def test_a_call_that_outlasts_the_grace_is_cut_off_and_made_again_by_the_next_worker(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold(times=1)
    worker = staying(pagents, "--grace", "0.2")
    name = pagents(*WRITER, "Write about cats.").out.strip()
    provider.wait_in_flight(1)

    worker.signal(signal.SIGTERM)
    ended = worker.ended()
    provider.release()
    worked = pagents("work")

    assert ended.code == 0
    assert "the grace of 0.2s is over; calls in flight are cut off" in ended.err
    assert worked.code == 0
    assert pagents.items("show", name)[0]["status"] == "done"


def test_a_second_worker_does_not_keep_the_same_health_file(pagents: Pagents) -> None:
    staying(pagents)

    pagents("work", "--stay").assert_refused("PA-E381", "worker-health.json", exits=1)


def a_folder(place: Path) -> None:
    place.mkdir()


def a_file(place: Path) -> None:
    place.write_text("mine")


def a_pipe(place: Path) -> None:
    os.mkfifo(place)


@pytest.mark.parametrize("make", [a_folder, a_file, a_pipe])
def test_what_is_not_a_health_file_is_neither_replaced_nor_removed(
    shared: Pagents, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    place = tmp_path / "mine"
    make(place)

    worked = shared("work", "--stay", "--health-file", str(place))

    worked.assert_refused("PA-E101", f"{place} is not a health file", exits=2)
    assert place.exists()


def test_what_a_killed_worker_left_is_renewed_by_the_next(pagents: Pagents) -> None:
    killed = staying(pagents)
    killed.kill()
    left = (pagents.home / "worker-health.json").read_text("utf-8")

    staying(pagents)

    assert (pagents.home / "worker-health.json").read_text("utf-8") != left


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--grace", "3"), "--grace requires --stay"),
        (("--health-file", "h.json"), "--health-file requires --stay"),
        (("--stay", "--health-file", "/proc/none/h.json"), "the health file /proc/none/h.json"),
        (("--stay", "--grace", "-1"), "--grace is -1"),
        (("--stay", "--grace", "nan"), "--grace is nan"),
    ],
)
def test_wrong_options_are_refused(shared: Pagents, options: tuple[str, ...], words: str) -> None:
    shared("work", *options).assert_refused("PA-E101", words, exits=2)


def test_a_worker_whose_store_is_gone_ends_with_an_error(pagents: Pagents) -> None:
    worker = staying(pagents)
    for file in pagents.home.glob("store.db*"):
        file.unlink()

    ended = worker.ended()

    assert ended.code == 8
    assert "PA-E409" in ended.err
    assert not (pagents.home / "worker-health.json").exists()


def test_systemd_hears_that_it_is_ready_alive_and_stopping(
    pagents: Pagents, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        worker = staying(pagents, NOTIFY_SOCKET=str(tmp_path / "notify"))
        worker.signal(signal.SIGTERM)
        worker.ended()
        manager.settimeout(0)
        heard: list[str] = []
        with suppress(BlockingIOError):
            while True:
                heard.append(manager.recv(1000).decode())

    assert heard[0] == "READY=1"
    assert heard[1].startswith("WATCHDOG=1\nSTATUS=working; ")
    assert "STOPPING=1" in heard


def test_with_a_read_only_root_only_the_home_is_written(pagents: Pagents) -> None:
    if shutil.which("bwrap") is None:
        pytest.skip("bwrap is not installed")
    home = str(pagents.home)
    contained = ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--bind", home, home)
    alone = replace(pagents, path=Path("bwrap"), loaded=None)
    as_first = ("--unshare-pid", "--as-pid-1", "--die-with-parent", str(pagents.path))

    worker = alone.start(*contained, *as_first, "work", "--stay")
    worker.wait_for("worker 2 stays at work in")
    try:
        waited = pagents("wait", pagents(*WRITER, "Write about cats.").out.strip())
        os.kill(first_of(worker), signal.SIGTERM)
        ended = worker.ended()
    finally:  # its number means another process here
        pagents.alter("UPDATE owners SET pid = 0 WHERE pid = 2")

    assert waited.code == 0
    assert ended.code == 0


def first_of(worker: Running) -> int:
    """The process that is the first one in the namespace, as it is called outside."""
    pid = worker.process.pid
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()[0])
