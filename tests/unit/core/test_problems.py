"""What is wrong with a value is said without Pydantic's own words."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from parallel_agents.core.problems import describe_problem


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def refuse(value: int) -> int:
    raise ValueError(f"No {value}.")


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        (TypeAdapter(int), "many", "it must be a whole number"),
        (TypeAdapter(int), 1.5, "it must be a whole number"),
        (TypeAdapter(float), "x", "it must be a number"),
        (TypeAdapter(bool), "perhaps", "it must be true or false"),
        (TypeAdapter(str), 1, "it must be text"),
        (TypeAdapter(dict[str, int]), 1, "it must be a table of names and values"),
        (TypeAdapter(Annotated[list[int], Field(min_length=1)]), [], "it must not be empty"),
        (TypeAdapter(Annotated[int, Field(ge=1)]), 0, "it must be at least 1"),
        (TypeAdapter(Annotated[float, Field(gt=0, le=1e9)]), -1, "it must be more than 0"),
        (TypeAdapter(Annotated[float, Field(gt=0, le=1.5)]), 2, "it must be at most 1.5"),
        (TypeAdapter(Colour), "green", "it must be 'red' or 'blue'"),
        (TypeAdapter(Literal["a", "b"]), "c", "it must be 'a' or 'b'"),
        (TypeAdapter(Annotated[int, AfterValidator(refuse)]), 3, "no 3"),
    ],
)
def test_a_problem_says_what_the_value_must_be(
    kind: TypeAdapter[Any], value: object, problem: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        kind.validate_python(value)

    assert describe_problem(refused.value) == problem
