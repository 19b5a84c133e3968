"""Nothing looks for garbage while modules are loaded, and everything does afterwards as before."""

from __future__ import annotations

import gc

import pytest

from parallel_agents.loading import loading


def test_the_collector_is_off_while_modules_are_loaded_and_on_again_after_a_failure() -> None:
    with pytest.raises(ImportError), loading():
        is_on_meanwhile = gc.isenabled()
        raise ImportError("no such module")

    assert not is_on_meanwhile
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
