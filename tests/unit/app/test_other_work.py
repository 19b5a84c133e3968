"""What differs from what a name was begun with is told field by field."""

from __future__ import annotations

from parallel_agents.app.other_work import other_parts, other_values, other_work

NAMES = {"text": "text", "key": "key column"}


def test_a_field_that_is_another_one_is_told_with_both_values() -> None:
    assert other_values({"text": "a", "key": ""}, {"text": "b", "key": "id"}, NAMES) == [
        "its text was 'a', and is 'b' here",
        "its key column was not given, and is 'id' here",
    ]


def test_what_is_the_same_or_not_looked_at_is_not_told() -> None:
    assert other_values({"text": "a", "out": 1}, {"text": "a", "out": 2}, NAMES) == []


def test_a_long_value_is_cut() -> None:
    (told,) = other_values({"text": "a" * 10_000}, {"text": ["b"] * 10_000}, NAMES)

    assert len(told) < 250


def test_parts_are_named_as_far_as_they_can_be_read() -> None:
    assert other_parts({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}, "tasks") == ["other tasks: b, c"]
    assert other_parts({}, {str(n): n for n in range(7)}, "inputs") == [
        "other inputs: 0, 1, 2, 3, 4 and others"
    ]
    assert other_parts({"a": 1}, {"a": 1}, "inputs") == []


def test_the_refusal_says_all_that_differs() -> None:
    refusal = other_work("the map m", ["x", "y"], "choose another id")

    assert (refusal.message, refusal.why) == ("the map m was begun with other work", "x; y")
