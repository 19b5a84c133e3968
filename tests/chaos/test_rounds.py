"""Drawn rounds: agents of all kinds under kills, stops, faults and meddling keep what is promised.

    pytest tests/chaos                  # 40 rounds on virtual time, and 3 of real processes
    pytest tests/chaos --long           # 900 and 100: the thousand rounds of a release
    python -m tests.chaos --rounds 5000 --seed 1000            # for hours, from a seed on
    python -m tests.chaos --processes --rounds 200 --seed 100  # real processes and signals
    python -m tests.chaos --seed 42     # one round again, with what it drew

A seed draws the same plan each time. What the machine's timing adds differs, and the promises hold
whatever it is.
"""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.chaos import process_round, virtual_round
from tests.chaos.plan import Trouble, draw
from tests.chaos.promises import broken

QUICK_VIRTUAL, LONG_VIRTUAL = 40, 900
QUICK_PROCESSES, LONG_PROCESSES = 3, 100


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    is_long = metafunc.config.getoption("--long")
    if "virtual_seed" in metafunc.fixturenames:
        metafunc.parametrize("virtual_seed", range(LONG_VIRTUAL if is_long else QUICK_VIRTUAL))
    if "process_seed" in metafunc.fixturenames:
        seeds = range(LONG_PROCESSES if is_long else QUICK_PROCESSES)
        metafunc.parametrize("process_seed", seeds)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Tools that break are logged; hundreds of their tracebacks help nobody."""
    caplog.set_level(logging.CRITICAL)


def test_a_round_on_virtual_time_keeps_every_promise(virtual_seed: int, tmp_path: Path) -> None:
    plan, store = draw(virtual_seed), tmp_path / "store.db"

    ledger = virtual_round.play(plan, store)

    assert broken(plan, ledger, store) == []


def test_a_round_of_processes_keeps_every_promise(process_seed: int, tmp_path: Path) -> None:
    plan = draw(process_seed)

    ledger, found = process_round.play(plan, tmp_path, checks_commands=process_seed % 10 == 0)

    assert found + broken(plan, ledger, tmp_path / "home" / "store.db") == []


def test_a_seed_draws_the_same_plan_each_time() -> None:
    assert draw(7) == draw(7)


def test_rounds_differ_and_meet_every_trouble() -> None:
    plans = [draw(seed) for seed in range(QUICK_VIRTUAL)]

    assert len({plan.jobs for plan in plans}) == QUICK_VIRTUAL
    assert {life.trouble for plan in plans for life in plan.lives} >= {
        trouble for trouble in Trouble if trouble is not Trouble.NONE
    }
