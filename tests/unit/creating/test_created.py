"""What became of an agent is read from the result of its flow."""

from __future__ import annotations

import pytest

from parallel_agents.core.run import RunStatus
from parallel_agents.creating.created import CreateOptions, created_of
from parallel_agents.errors import InvalidInput
from tests.unit.quality.test_judge import result


def test_a_flow_that_failed_has_made_no_agent() -> None:
    found = created_of(result(None, RunStatus.KILLED), "sorter", CreateOptions(target=7))

    assert (found.version, found.draft, found.target, found.reasons) == (
        None,
        False,
        7,
        ("killed",),
    )


@pytest.mark.parametrize(
    "option", [{"target": 11}, {"rounds": 0}, {"min_pass": 1.5}, {"rounds": 99}, {"target": -1}]
)
def test_an_option_out_of_range_is_refused(option: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match=" is "):
        CreateOptions(**option)  # pyright: ignore[reportArgumentType] - one of several types
