"""A gate function gets an answer as its annotation says: as JSON has it, or as an instance of a type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from pydantic import BaseModel
from typing_extensions import TypedDict

from parallel_agents.quality.gate_function import taken_type

if TYPE_CHECKING:
    from parallel_agents.core.json_value import Json


class Teaser(BaseModel):
    title: str
    day: date


@dataclass
class Point:
    x: int


class Words(TypedDict):
    words: list[str]


class Kind(Enum):
    BUG = "bug"


class Checks:
    def __call__(self, answer: Teaser) -> bool:
        return bool(answer.title)

    def method(self, answer: Teaser) -> bool:
        return bool(answer.title)


def model(answer: Teaser) -> bool:
    return answer.day.year == 2026


def model_or_text(answer: Teaser | str) -> bool:
    return isinstance(answer, Teaser)


def models(answer: list[Annotated[Teaser, "many"]]) -> bool:
    return all(each.title for each in answer)


def with_option(least: int, answer: Teaser) -> bool:
    return answer.day.year >= least


def a_dataclass(answer: Point) -> bool:
    return answer.x == 1


def an_enum(answer: Kind) -> bool:
    return answer is Kind.BUG


def anything(answer: object) -> bool:
    return True


def json(answer: dict[str, Any]) -> bool:
    return True


def rows(answer: Sequence[Mapping[str, str]]) -> bool:
    return True


def text(answer: str) -> bool:
    return True


def typed_dict(answer: Words) -> bool:
    return True


def literal(answer: Literal["a", "b"]) -> bool:
    return True


def for_a_type_checker(answer: Json) -> bool:
    return True


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (model, Teaser),
        (Checks(), Teaser),
        (Checks().method, Teaser),
        (partial(with_option, 2026), Teaser),
        (models, list[Annotated[Teaser, "many"]]),
        (model_or_text, Teaser | str),
        (a_dataclass, Point),
        (an_enum, Kind),
    ],
)
def test_a_type_that_json_lacks_is_what_the_function_takes(
    function: Callable[..., bool], kind: object
) -> None:
    taken = taken_type(function)

    assert taken is not None
    assert taken.kind == kind


@pytest.mark.parametrize(
    "function",
    [
        anything,
        json,
        rows,
        text,
        typed_dict,
        literal,
        for_a_type_checker,
        print,
    ],
)
def test_any_other_function_takes_an_answer_as_json_has_it(function: Callable[..., object]) -> None:
    assert taken_type(function) is None
