"""The runner itself: it finds what differs, and refuses a file that it does not understand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wires.case import Case, Unreadable, read_case
from tests.wires.matching import Condition, Expectation, find
from tests.wires.rules import broken
from tests.wires.runs import play_all, runs_of

HELLO = """
title: A server says hello.
source: [nobody]
wire: chat
exchanges:
- {say: hello}
told: {output: hello, usage: {input: 11, output: 7}, requests: 1, heard: hello}
"""


def read(folder: Path, text: str) -> list[tuple[str, Case]]:
    path = folder / "case.yaml"
    path.write_text(text, "utf-8")
    return [*read_case(path, "case")]


def problems(folder: Path, text: str) -> list[str]:
    runs = [*runs_of(read(folder, text))]
    play_all(runs)
    return [run.problem for run in runs]


def test_a_case_that_holds_has_no_problem_in_either_form(tmp_path: Path) -> None:
    assert problems(tmp_path, HELLO) == ["", ""]


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("output: hello", "output: goodbye", "output must be 'goodbye', not 'hello'"),
        ("input: 11", "input: 12", "usage.input is 11, not 12"),
        ("requests: 1", "requests: 2", "requests must be 2, not 1"),
        ("{say: hello}", "{say: hello, expect: {seed: 1}}", "seed must be 1, and is []"),
        ("{say: hello}", "{say: hello, when: {seed: 1}}", "request 1 was not expected"),
        ("{output: hello,", "{status: failed, output: hello,", "status must be 'failed'"),
    ],
)
def test_what_differs_is_told(tmp_path: Path, right: str, wrong: str, says: str) -> None:
    (plain, streamed) = problems(tmp_path, HELLO.replace(right, wrong))

    assert says in plain
    assert says in streamed


def test_an_orderly_server_refuses_what_its_provider_refuses_of_any_model() -> None:
    body = {"messages": [{"role": "tool", "tool_call_id": "x", "content": ""}]}

    assert "must be a response to a preceding message" in (broken("orderly", "chat", body) or "")
    assert broken("alternate", "chat", body) is None


def test_each_variant_is_a_case_with_its_values_filled_in(tmp_path: Path) -> None:
    text = HELLO.replace("{say: hello}", '{say: "${word}!", usage: "${usage}"}')

    cases = read(tmp_path, f"{text}variants:\n  a: {{word: hi, usage: null}}\n  b: {{word: yo}}\n")

    assert [name for name, _ in cases] == ["case:a", "case:b"]
    assert cases[0][1].exchanges[0].say == "hi!"
    assert cases[0][1].exchanges[0].usage is None


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("wire: chat", "wire: telegraph", "wire"),
        ("told:", "tell:", "tell"),
        (
            "{say: hello}",
            "{say: hello, when: {seed: {equals: 1}}}",
            "no condition is called equals",
        ),
        ("title:", "title: {", "case.yaml"),
    ],
)
def test_a_file_that_is_not_understood_is_named(
    tmp_path: Path, right: str, wrong: str, says: str
) -> None:
    with pytest.raises(Unreadable, match=says):
        read(tmp_path, HELLO.replace(right, wrong))


def test_a_path_finds_keys_positions_and_everything_below() -> None:
    tree = {"a": [{"b": 1}, {"b": 2}], "c": {"b": 3}}

    assert find(tree, "a.*.b") == [1, 2]
    assert find(tree, "a.-1.b") == [2]
    assert find(tree, "**.b") == [1, 2, 3]
    assert find(tree, "a.7.b") == []


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"is": 1}, False),
        ({"one_of": [1, 2]}, True),
        ({"list": [1, 2]}, True),
        ({"every": "[12]"}, True),
        ({"some_not": "1"}, True),
        ({"none": "1"}, False),
        ({"repeat": True}, False),
        ({"at_least": 1, "at_most": 1}, False),
        ({"absent": True}, False),
        ({"count": 2}, True),
    ],
)
def test_a_condition_is_of_all_that_is_found(condition: dict[str, object], holds: bool) -> None:
    assert Condition.read(condition).holds([1, 2]) is holds


def test_a_value_that_must_be_there_is_not_met_by_nothing() -> None:
    failures = Expectation.read({"x": 1}).failures(lambda _: [])

    assert failures == ["x must be 1, and is []"]
