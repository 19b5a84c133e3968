from __future__ import annotations

from parallel_agents.core.message import user
from parallel_agents.core.model import ModelRequest
from parallel_agents.models.local.model import fit

REQUEST = ModelRequest(messages=(user("Sort these."),), system="You are a sorter.")
WITH_SCHEMA = ModelRequest(
    messages=REQUEST.messages, system=REQUEST.system, output_schema={"type": "object"}
)


def test_an_answer_with_a_schema_is_requested_as_compact_json_at_a_low_temperature() -> None:
    fitted = fit(WITH_SCHEMA)

    assert fitted.system.startswith(REQUEST.system)
    assert "compact JSON" in fitted.system
    assert fitted.temperature == 0.2


def test_plain_text_is_requested_unchanged_at_a_higher_temperature() -> None:
    fitted = fit(REQUEST)

    assert fitted.system == REQUEST.system
    assert fitted.temperature == 0.7


def test_the_temperature_of_the_request_is_kept() -> None:
    cold = ModelRequest(
        messages=REQUEST.messages, output_schema={"type": "object"}, temperature=0.0
    )

    assert fit(cold).temperature == 0.0
