"""A circuit opens for longer each time, lets one probe through, and closes at an answer."""

from __future__ import annotations

from hypothesis import given, strategies as st

from parallel_agents.core.circuit import (
    CLOSED,
    MOST_OPEN_SECONDS,
    OPEN_SECONDS,
    PROBE_SECONDS,
    Admission,
    CircuitState,
    are_too_many,
    with_answer,
    with_failure,
)


def test_five_failures_within_30_seconds_are_too_many_and_older_ones_do_not_count() -> None:
    close, far = (), ()
    for at in range(5):
        close = with_failure(close, at * 7.0)
        far = with_failure(far, at * 8.0)

    assert are_too_many(close)
    assert not are_too_many(far)


def test_a_model_that_answers_some_calls_is_not_left_alone() -> None:
    some, few = (), ()
    for at in range(40):
        some = with_failure(some, at * 0.1) if at % 3 else with_answer(some, at * 0.1)
        few = with_failure(few, at * 0.1) if at % 20 else with_answer(few, at * 0.1)

    assert not are_too_many(some)
    assert are_too_many(few)


def test_answers_alone_are_not_kept() -> None:
    assert with_answer((), 1.0) == ()


def test_an_open_circuit_refuses_then_lets_one_probe_through() -> None:
    circuit = CLOSED.open(100.0)

    assert circuit.state(100.0) is CircuitState.OPEN
    assert circuit.admit(114.9)[1] is Admission.REFUSED
    probing, admission = circuit.admit(115.0)
    assert admission is Admission.PROBE
    assert probing.state(115.0) is CircuitState.HALF_OPEN
    assert probing.admit(116.0)[1] is Admission.REFUSED
    assert probing.seconds_left(116.0) > 0
    assert probing.lose_probe().admit(116.0)[1] is Admission.PROBE
    assert probing.admit(115.0 + PROBE_SECONDS)[1] is Admission.PROBE


def test_calls_that_began_before_it_opened_do_not_open_it_again() -> None:
    circuit = CLOSED.open(100.0)

    assert circuit.open(101.0) == circuit
    assert circuit.open(116.0) == circuit


@given(st.integers(1, 2000))
def test_each_failed_probe_doubles_the_open_time_up_to_its_bound(probes: int) -> None:
    circuit, now, last = CLOSED, 0.0, 0.0

    for _ in range(min(probes, 50)):
        circuit, _ = circuit.admit(now)
        circuit = circuit.open(now)
        seconds = circuit.seconds_left(now)
        assert seconds == (min(MOST_OPEN_SECONDS, last * 2) if last else OPEN_SECONDS)
        last, now = seconds, now + seconds


def test_a_closed_circuit_lets_everything_pass() -> None:
    assert CLOSED.admit(0.0) == (CLOSED, Admission.PASS)
    assert CLOSED.state(0.0) is CircuitState.CLOSED
    assert CLOSED.seconds_left(0.0) == 0
