"""Nothing looks for garbage while modules are loaded, and everything does afterwards as before."""

from __future__ import annotations

import gc

import pytest

from parallel_agents.loading import loading


def load_in_vain(seen: list[bool]) -> None:
    with loading():
        seen.append(gc.isenabled())
        raise ImportError("no such module")


def test_the_collector_is_off_while_modules_are_loaded_and_on_again_after_a_failure() -> None:
    seen: list[bool] = []

    with pytest.raises(ImportError):
        load_in_vain(seen)

    assert seen == [False]
    assert gc.isenabled()


def test_a_collector_that_is_off_stays_off() -> None:
    gc.disable()
    try:
        with loading():
            pass
        is_on = gc.isenabled()
    finally:
        gc.enable()

    assert not is_on
