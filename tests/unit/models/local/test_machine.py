from __future__ import annotations

import pytest

from parallel_agents.errors import LocalModelError
from parallel_agents.models.local.machine import GB, Machine, choose_slots, make_plan

QWEN_BYTES = 1_117_320_768


@pytest.mark.parametrize(
    ("cpus", "available", "slots"),
    [
        (2, 24 * GB, 2),
        (2, None, 2),
        (8, 24 * GB, 4),
        (8, 2 * GB, 1),
        (2, 3 * GB - 1, 1),
        (2, 3 * GB, 2),
    ],
)
def test_slots_follow_from_memory_and_cpus(cpus: int, available: int | None, slots: int) -> None:
    assert choose_slots(Machine(cpus, available)) == slots


def test_a_machine_with_too_little_memory_is_refused_with_both_numbers() -> None:
    machine = Machine(2, int(1.7 * GB))

    with pytest.raises(LocalModelError) as caught:
        make_plan(machine, slots=1, file_bytes=QWEN_BYTES)

    assert "1.8 GB" in caught.value.message
    assert "1.7 GB" in caught.value.why
    assert "--model provider/model" in caught.value.hint


@pytest.mark.parametrize(
    ("available", "repack"), [(4 * GB, True), (4 * GB - 1, False), (None, True)]
)
def test_weights_are_repacked_only_with_enough_memory(available: int | None, repack: bool) -> None:
    plan = make_plan(Machine(2, available), slots=2, file_bytes=QWEN_BYTES)

    assert plan.repack is repack


def test_more_than_eight_threads_are_not_used() -> None:
    assert make_plan(Machine(64, None), slots=4, file_bytes=QWEN_BYTES).threads == 8
