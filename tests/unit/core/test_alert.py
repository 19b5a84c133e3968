"""A condition says what it means, and what it cannot mean is refused with what was probably meant."""

from __future__ import annotations

import pytest

from parallel_agents.core.alert import Alert, Condition, Measure, parse_condition
from parallel_agents.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("dead_letters > 5 in 2h", Condition(Measure.DEAD_LETTERS, ">", 5.0, 7200.0)),
        ("cost_day>=20.5", Condition(Measure.COST_DAY, ">=", 20.5)),
        (" running < 1 ", Condition(Measure.RUNNING, "<", 1.0)),
    ],
)
def test_a_condition_is_a_measure_a_sign_a_number_and_perhaps_a_span(
    text: str, condition: Condition
) -> None:
    assert parse_condition(text) == condition


def test_a_condition_holds_as_its_sign_says() -> None:
    assert parse_condition("questions > 1").holds(2)
    assert not parse_condition("questions > 1").holds(1)
    assert parse_condition("questions <= 1").holds(1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dead_leters > 5", "did you mean 'dead_letters'"),
        ("questions > 1 in 1h", "leave out 'in 1h'"),
        ("cost > 1 in 90d", "1h or 7d"),
        ("cost 5", "dead_letters > 5 in 1h"),
        ("", "dead_letters > 5 in 1h"),
        ("x" * 10_000, "dead_letters > 5 in 1h"),
    ],
)
def test_what_is_no_condition_is_refused_with_what_was_meant(text: str, told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Alert(when=text)

    assert told in caught.value.hint


def test_an_alert_is_known_by_what_it_means_and_whom_it_tells() -> None:
    assert Alert(when="cost > 1").id == Alert(when="cost>1 in 1h").id
    assert Alert(when="cost > 1").id != Alert(when="cost > 1", to="desktop").id
