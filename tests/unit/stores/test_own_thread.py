"""A thread of its own makes calls in order, gives their results and errors, and ends with its executor."""

from __future__ import annotations

import threading

import pytest

from parallel_agents.stores.own_thread import OwnThread


def test_calls_are_made_in_order_by_one_daemon_thread_before_it_ends() -> None:
    own, made, threads = OwnThread("own"), list[int](), set[threading.Thread]()

    def make(number: int) -> None:
        made.append(number)
        threads.add(threading.current_thread())

    for number in range(50):
        own.submit(make, number)
    own.shutdown()

    assert made == list(range(50))
    assert [each.daemon for each in threads] == [True]


def test_a_call_that_fails_gives_its_error_and_the_next_is_made() -> None:
    own = OwnThread("own")

    failed, done = own.submit(int, "x"), own.submit(int, "1")

    with pytest.raises(ValueError, match="invalid literal"):
        failed.result(20)
    assert done.result(20) == 1


def test_an_executor_that_is_dropped_ends_its_thread() -> None:
    own = OwnThread("own")
    thread = own.submit(threading.current_thread).result(20)

    del own
    thread.join(20)

    assert not thread.is_alive()
