"""A dialect is put together from layers, of which a later one overrides an earlier one."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from parallel_agents.core.agent import ThinkingLevel
from parallel_agents.models.dialect import (
    CHANGES,
    PLAIN,
    Dialect,
    Structured,
    ThinkingForm,
    merge_changes,
)


def test_changes_replace_fields_and_add_to_collections() -> None:
    before = Dialect(omit=frozenset({"a"}), efforts={ThinkingLevel.LOW: "min"}, extra={"x": 1})

    after = before.changed(
        {
            "omit": frozenset({"b"}),
            "efforts": {ThinkingLevel.HIGH: "max"},
            "extra": {"y": 2},
            "strict": False,
        }
    )

    assert after.omit == {"a", "b"}
    assert after.efforts == {ThinkingLevel.LOW: "min", ThinkingLevel.HIGH: "max"}
    assert after.extra == {"x": 1, "y": 2}
    assert not after.strict
    assert after.structured is before.structured


def test_without_changes_a_dialect_is_itself() -> None:
    assert PLAIN.changed({}) is PLAIN


def test_changes_of_two_layers_are_one() -> None:
    merged = merge_changes({"omit": frozenset({"a"}), "strict": True}, {"omit": frozenset({"b"})})

    assert merged == {"omit": frozenset({"a", "b"}), "strict": True}


@pytest.mark.parametrize("form", [ThinkingForm.EFFORT, ThinkingForm.ADAPTIVE])
def test_a_level_has_its_own_name_unless_a_table_gives_another(form: ThinkingForm) -> None:
    dialect = Dialect(thinking=form, efforts={ThinkingLevel.HIGH: "max"})

    assert dialect.effort(ThinkingLevel.HIGH) == "max"
    assert dialect.effort(ThinkingLevel.LOW) == "low"
    assert dialect.effort(ThinkingLevel.OFF) == ""


def test_a_model_that_is_only_switched_gets_no_level() -> None:
    assert Dialect(thinking=ThinkingForm.TOGGLE).effort(ThinkingLevel.HIGH) == ""


def test_a_request_with_tools_may_ask_for_its_answer_in_another_way() -> None:
    dialect = Dialect(structured_with_tools=Structured.PROMPT)

    assert dialect.structure(has_tools=False) is Structured.JSON_SCHEMA
    assert dialect.structure(has_tools=True) is Structured.PROMPT


@pytest.mark.parametrize(
    "table",
    [{"thinking": "hard"}, {"temperature": False}, {"max_tokens_field": "tokens"}, {"omit": "x"}],
)
def test_a_table_is_checked(table: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CHANGES.validate_python(table)


def test_changes_survive_the_store() -> None:
    changes = CHANGES.validate_python(
        {"omit": ["temperature"], "efforts": {"off": "none"}, "thinking": "adaptive"}
    )

    assert CHANGES.validate_json(CHANGES.dump_json(changes)) == changes
