"""A reason that is not known to mean "complete" does not."""

from __future__ import annotations

import pytest

from parallel_agents.models.reading.finish import End, end_of


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        ("stop", End.COMPLETE),
        ("STOP", End.COMPLETE),
        ("FINISH_REASON_STOP", End.COMPLETE),
        ("end_turn", End.COMPLETE),
        ("eos", End.COMPLETE),
        ("tool-calls", End.TOOLS),
        ("tool_use", End.TOOLS),
        ("MAX_TOKENS", End.CUT),
        ("length", End.CUT),
        ("model_context_window_exceeded", End.WINDOW),
        ("SAFETY", End.REFUSED),
        ("content_filter", End.REFUSED),
        ("sensitive", End.REFUSED),
        ("pause_turn", End.PAUSED),
        ("network_error", End.FAILED),
        ("insufficient_system_resource", End.FAILED),
        ("abort", End.FAILED),
        ("MALFORMED_FUNCTION_CALL", End.SLIP),
        ("something_new", End.UNKNOWN),
        ("FINISH_REASON_UNSPECIFIED", End.UNKNOWN),
    ],
)
def test_each_reason_means_one_thing(reason: str, end: End) -> None:
    assert end_of(reason) is end
