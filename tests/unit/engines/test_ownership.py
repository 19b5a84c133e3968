"""Who counts as dead: the kernel knows a process of this machine, heartbeats tell of others."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from parallel_agents.core.ids import OwnerId
from parallel_agents.core.owner import Owner, OwnerState, Role
from parallel_agents.engines.ownership import DeathWatch, this_process, working

ME = this_process(Role.SCRIPT)
PARENT = replace(ME, id=OwnerId("parent"), pid=os.getppid(), birth=0)
ELSEWHERE = Owner(id=OwnerId("far"), host="elsewhere", pid=1)


def died_at(looks: Mapping[int, Owner]) -> list[int]:
    """When a watch found an owner dead, given what each look shows."""
    watch = DeathWatch(ME)
    return [at for at, owner in looks.items() if watch.dead_among([owner], at)]


def test_a_silent_process_of_this_machine_is_alive_while_it_exists() -> None:
    assert not died_at(dict.fromkeys(range(0, 7200, 2), PARENT))


def test_another_process_with_the_number_of_a_dead_one_is_not_taken_for_it() -> None:
    assert died_at({0: replace(PARENT, birth=1)}) == [0]


def test_a_process_of_an_earlier_start_of_the_machine_is_dead() -> None:
    assert died_at({0: replace(PARENT, boot="earlier")}) == [0]


def test_an_engine_that_failed_in_this_process_is_dead_and_one_that_works_is_not() -> None:
    failed = replace(ME, id=OwnerId("failed"))
    assert died_at({0: failed}) == [0]

    working.add(failed.id)
    try:
        assert not died_at({0: failed})
    finally:
        working.discard(failed.id)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_works_for_no_engine_of_its_parent() -> None:
    of_parent = replace(ME, id=OwnerId("of-parent"))
    working.add(of_parent.id)
    try:
        child = os.fork()
        if not child:
            os._exit(len(working))
    finally:
        working.discard(of_parent.id)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.skipif(not Path("/proc/self/ns/time").is_symlink(), reason="no namespaces here")
@pytest.mark.parametrize("kind", ["pid", "time"])
def test_a_process_of_another_namespace_is_elsewhere(kind: str) -> None:
    namespace = str(Path(f"/proc/self/ns/{kind}").readlink())
    assert namespace in ME.host
    other = replace(PARENT, host=ME.host.replace(namespace, f"{kind}:[1]"), birth=1)

    assert died_at(dict.fromkeys(range(0, 36, 2), other)) == [32, 34]


def test_a_process_elsewhere_is_dead_after_thirty_seconds_without_a_heartbeat() -> None:
    assert died_at(dict.fromkeys(range(0, 36, 2), ELSEWHERE)) == [32, 34]


def test_time_for_which_this_process_did_not_look_is_no_silence_of_another() -> None:
    looks = {0: ELSEWHERE, 2: ELSEWHERE, 3600: ELSEWHERE}

    assert not died_at(looks)


def test_a_heartbeat_ends_the_silence() -> None:
    looks = {at: replace(ELSEWHERE, heartbeat_at=float(at // 20)) for at in range(0, 200, 2)}

    assert not died_at(looks)


@pytest.mark.parametrize("state", [OwnerState.GONE, OwnerState.DEAD])
def test_who_has_ended_does_not_die(state: OwnerState) -> None:
    assert not died_at({0: replace(PARENT, boot="earlier", state=state)})
