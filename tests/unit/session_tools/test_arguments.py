"""Arguments: what means one thing is taken, however it is spelt, and the rest is refused in words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from parallel_agents.core.schema import Json
from parallel_agents.core.verbs import Until
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.parameters import read_arguments

KNOWN = (
    "timeoutSeconds",
    "ids",
    "until",
    "collect",
    "input",
    "files",
    "label",
    "budgetUsd",
    "task",
)
ALIASES = {"timeout": "timeoutSeconds", "labels": "ids"}


def given(**values: Json) -> Arguments:
    return Arguments(values, ALIASES, KNOWN)


@pytest.mark.parametrize(
    "name", ["timeoutSeconds", "timeout_seconds", "TIMEOUTSECONDS", "timeout-seconds", "timeout"]
)
@pytest.mark.parametrize("value", [3, "3", " 3 ", 3.0, "3.0"])
def test_a_value_is_taken_whatever_its_name_and_its_type(name: str, value: Json) -> None:
    assert given(**{name: value}).whole("timeoutSeconds") == 3


@pytest.mark.parametrize(
    ("name", "value", "seconds"),
    [("timeoutMs", 5000, 5), ("timeout_ms", "9000", 9), ("timeoutms", 1, 1), ("timeoutMS", 0, 0)],
)
def test_a_time_in_milliseconds_is_seconds(name: str, value: Json, seconds: int) -> None:
    assert given(**{name: value}).whole("timeoutSeconds") == seconds


def test_the_alias_of_a_tool_may_be_in_milliseconds_too() -> None:
    arguments = read_arguments("sessions_spawn", {"task": "x", "run_timeout_ms": 1500})

    assert arguments.whole("runTimeoutSeconds") == 2


@pytest.mark.parametrize("missing", [None, "", "  "])
def test_null_and_an_empty_text_are_the_default(missing: Json) -> None:
    arguments = given(
        until=missing, collect=missing, timeoutSeconds=missing, input=missing, ids=missing
    )

    assert arguments.choice("until", Until, Until.ALL) is Until.ALL
    assert arguments.flag("collect", default=True)
    assert arguments.whole("timeoutSeconds") is None
    assert arguments.object("input") is None
    assert arguments.texts("ids", most=5) == ()


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("a", ("a",)),
        (7, ("7",)),
        (["a", 7], ("a", "7")),
        ('["a", "b"]', ("a", "b")),
        ("[draft] a", ("[draft] a",)),
    ],
)
def test_a_list_may_be_one_text_or_json(value: Json, texts: tuple[str, ...]) -> None:
    assert given(labels=value).texts("ids", most=5) == texts


@pytest.mark.parametrize(
    ("value", "flag"),
    [("true", True), ("True", True), ("no", False), (1, True), (0, False), (False, False)],
)
def test_a_flag_may_be_a_text_or_a_number(value: Json, flag: bool) -> None:
    assert given(collect=value).flag("collect") is flag


@pytest.mark.parametrize("value", ["firstDone", "FIRST_DONE", "first-done"])
def test_a_choice_is_known_however_it_is_spelt(value: str) -> None:
    assert given(until=value).choice("until", Until, Until.ALL) is Until.FIRST_DONE


def test_an_object_and_a_list_of_one_may_be_json() -> None:
    arguments = given(input='{"topic": "rain"}', files={"name": "a"})

    assert arguments.object("input") == {"topic": "rain"}
    assert arguments.objects("files") == [{"name": "a"}]
    assert given(files='[{"name": "a"}]').objects("files") == [{"name": "a"}]
    assert given(budgetUsd="0.5").positive("budgetUsd") == 0.5
    assert given(label=7).name("label") == "7"


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (lambda: given(task=1).text("task"), "task must be a string"),
        (lambda: given(timeoutMs="soon"), "timeoutMs must be milliseconds"),
        (lambda: given(timeoutSeconds="5s").whole("timeoutSeconds"), "non-negative integer"),
        (lambda: given(timeoutSeconds=True).whole("timeoutSeconds"), "non-negative integer"),
        (lambda: given(timeoutSeconds=1.5).whole("timeoutSeconds"), "non-negative integer"),
        (lambda: given(collect="maybe").flag("collect"), "collect must be true or false"),
        (lambda: given(until="later").choice("until", Until, Until.ALL), "Use one of: all, any"),
        (lambda: given(ids=[["a"]]).texts("ids", most=5), "ids must be a list of strings"),
        (lambda: given(input="rain").object("input"), "this string is not JSON"),
        (lambda: given(input=["rain"]).object("input"), "input must be an object"),
        (lambda: given(files="[1]").objects("files"), "files must be a list of objects"),
        (lambda: given(budgetUsd=0).positive("budgetUsd"), "a number above 0"),
        (
            lambda: given(timeout=1, timeoutSeconds=2),
            "timeout and timeoutSeconds are one parameter",
        ),
    ],
)
def test_what_could_mean_several_things_is_refused(read: Callable[[], object], words: str) -> None:
    with pytest.raises(Refusal, match=words):
        read()


def test_one_value_under_two_names_is_one() -> None:
    assert given(timeout=2, timeoutSeconds=2).whole("timeoutSeconds") == 2
