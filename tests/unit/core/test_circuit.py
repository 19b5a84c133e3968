"""A circuit opens for longer each time, lets one probe through, and closes at an answer."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, strategies as st

from parallel_agents.core.circuit import (
    AGENTS,
    CLOSED,
    MODELS,
    Admission,
    Circuit,
    CircuitState,
    Rule,
)

RULES = pytest.mark.parametrize("rule", [MODELS, AGENTS])


def opened(rule: Rule, now: float) -> Circuit:
    """A circuit that so many failures at once have opened."""
    circuit = CLOSED
    for _ in range(rule.failures):
        circuit = circuit.failed(now, rule, "down")
    return circuit


@RULES
def test_enough_failures_within_the_time_open_it_and_older_ones_do_not_count(rule: Rule) -> None:
    close, far = CLOSED, CLOSED
    apart = rule.ended_seconds / (rule.failures - 1)
    for at in range(rule.failures):
        close = close.failed(at * apart * 0.99, rule, "x")
        far = far.failed(at * apart * 1.01, rule, "x")

    assert close.open_until is not None
    assert far.open_until is None


def test_five_failures_of_a_model_in_30_seconds_open_it_and_four_do_not() -> None:
    circuit = CLOSED
    for at in range(4):
        circuit = circuit.failed(at * 7.0, MODELS, "x")

    assert circuit.open_until is None
    assert circuit.failed(28.0, MODELS, "x").open_until == 43.0


@RULES
def test_who_answers_some_is_not_left_alone_and_who_answers_few_is(rule: Rule) -> None:
    some, few = CLOSED, CLOSED
    for at in range(40):
        now = at * 0.1
        some = some.failed(now, rule, "x") if at % 3 else some.answered(now, rule)
        few = few.failed(now, rule, "x") if at % 20 else few.answered(now, rule)

    assert some.open_until is None
    assert few.open_until is not None


def test_answers_alone_are_not_kept_and_with_failures_no_more_than_20() -> None:
    circuit = CLOSED.answered(1.0, MODELS)
    failed = circuit.failed(2.0, MODELS, "x")
    for _ in range(30):
        failed = failed.answered(3.0, MODELS)

    assert circuit == CLOSED
    assert failed.failures(3.0, MODELS) == 0
    assert len(failed.ended) == 20


def test_an_answer_counts_only_while_a_failure_does() -> None:
    failed = CLOSED.failed(0.0, MODELS, "x")

    assert len(failed.answered(29.0, MODELS).ended) == 2
    assert failed.answered(31.0, MODELS) == failed
    assert failed.failures(31.0, MODELS) == 0


@RULES
def test_an_open_circuit_refuses_then_lets_one_probe_through(rule: Rule) -> None:
    circuit, until = opened(rule, 100.0), 100.0 + rule.open_seconds

    assert circuit.state(100.0) is CircuitState.OPEN
    assert circuit.admit(until - 0.1, rule, "me")[1] is Admission.REFUSED
    probing, admission = circuit.admit(until, rule, "me")
    assert admission is Admission.PROBE
    assert probing.state(until) is CircuitState.HALF_OPEN
    assert probing.admit(until + 1, rule, "me")[1] is Admission.REFUSED
    assert probing.seconds_left(until + 1, rule) == rule.ask_again_seconds
    assert probing.lose_probe().admit(until + 1, rule, "me")[1] is Admission.PROBE
    assert probing.admit(until + rule.probe_seconds, rule, "me")[1] is Admission.PROBE


@RULES
def test_what_began_before_it_opened_does_not_open_it_again(rule: Rule) -> None:
    circuit = opened(rule, 100.0)

    assert circuit.failed(101.0, rule, "late") == circuit
    assert circuit.failed(101.0 + rule.open_seconds, rule, "later") == circuit
    assert circuit.answered(101.0, rule) == circuit


@RULES
@given(st.integers(1, 2000))
def test_each_failed_probe_doubles_the_open_time_up_to_its_bound(rule: Rule, probes: int) -> None:
    circuit, last = opened(rule, 0.0), rule.open_seconds
    now = last

    for _ in range(min(probes, 50)):
        circuit, _ = circuit.admit(now, rule, "me")
        circuit = circuit.failed(now, rule, "down")
        seconds = circuit.seconds_left(now, rule)
        assert seconds == min(rule.most_open_seconds, last * 2)
        last, now = seconds, now + seconds


@RULES
def test_a_closed_circuit_lets_everything_pass(rule: Rule) -> None:
    assert CLOSED.admit(0.0, rule, "me") == (CLOSED, Admission.PASS)
    assert CLOSED.state(0.0) is CircuitState.CLOSED
    assert CLOSED.seconds_left(0.0, rule) == 0


def test_a_probe_is_the_process_s_that_makes_it() -> None:
    probing, _ = opened(MODELS, 0.0).admit(15.0, MODELS, "me")

    assert probing.prober == "me"
    assert probing.lose_probe().prober == ""


def test_what_failed_last_is_known_and_short() -> None:
    circuit = CLOSED.failed(0.0, MODELS, "first").failed(1.0, MODELS, "x" * 1000)

    assert circuit.reason == "x" * 200


def test_uses_that_began_shortly_before_the_first_failure_may_yet_go_well() -> None:
    def failed(begun: Sequence[float]) -> Circuit:
        circuit = CLOSED
        for at in range(100, 100 + MODELS.failures):
            circuit = circuit.failed(float(at), MODELS, "x", begun)
        return circuit

    long_ago = 100 - MODELS.ended_seconds - 1
    assert failed([99.0] * 5).is_closed
    assert not failed([long_ago] * 5).is_closed
    assert not failed([101.0] * 5).is_closed


@RULES
def test_a_pause_that_was_written_before_the_clock_was_set_back_is_over(rule: Rule) -> None:
    circuit = opened(rule, 36_000.0)

    assert circuit.admit(0.0, rule, "me")[1] is Admission.PROBE
