"""Which types answers may have: their schemas, instances, and the refusal of what is no such type."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import ipaddress
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, NewType, TypeVar

import orjson
import pydantic
import pytest
from typing_extensions import TypedDict

from parallel_agents.core.json_value import Json
from parallel_agents.core.output_type import Misfit, NoSchema, output_type
from parallel_agents.core.schema import compiled, find_json
from parallel_agents.models.dialect import Dialect, SchemaSubset
from parallel_agents.models.wires.schemas import answer_schema
from tests.unit.core.test_checked import agent

T = TypeVar("T")
UserId = NewType("UserId", int)


class Node(pydantic.BaseModel):
    name: str
    children: list[Node] = []


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]


class Pets(pydantic.BaseModel):
    pets: list[Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]]


class Color(enum.Enum):
    RED = "red"


class Many(pydantic.BaseModel):
    when: dt.date
    at: dt.datetime
    took: dt.timedelta
    price: decimal.Decimal
    id: uuid.UUID
    color: Color
    tags: set[str]
    pair: tuple[int, str]
    ip: ipaddress.IPv4Address
    url: pydantic.HttpUrl
    small: Annotated[int, pydantic.Field(ge=1, le=5)]
    word: Annotated[str, pydantic.StringConstraints(pattern="^a+$", max_length=3)]
    maybe: int | None = None
    folder: Path = Path("/tmp")  # no JSON, so that the schema has no default of it
    extra: dict[str, int] = pydantic.Field(default_factory=dict)


class Aliased(pydantic.BaseModel):
    full_name: str = pydantic.Field(alias="fullName")
    choice: int = pydantic.Field(validation_alias=pydantic.AliasChoices("one", "other"))


class Computed(pydantic.BaseModel):
    a: int

    @pydantic.computed_field
    @property
    def double(self) -> int:
        return self.a * 2


class Numbers(pydantic.RootModel[list[int]]):
    pass


class Box(pydantic.BaseModel, Generic[T]):
    value: T


class Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True, extra="forbid")
    when: dt.date
    pair: tuple[int, int]


class Words(TypedDict):
    words: list[str]


@dataclass
class Score:
    score: float
    why: str = ""


class Plain:
    pass


class Calling(pydantic.BaseModel):
    call: Callable[[int], int]


class Odd(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
    plain: Plain


class Unfinished(pydantic.BaseModel):
    part: Missing  # noqa: F821 # pyright: ignore[reportUndefinedVariable] - what is tested


class Raising:
    @classmethod
    def __get_pydantic_core_schema__(cls, *_: object) -> object:
        raise SystemError("no")


MANY: dict[str, Json] = {
    "when": "2026-01-02",
    "at": "2026-01-02T03:04:05Z",
    "took": "PT5S",
    "price": "1.50",
    "id": "00000000-0000-0000-0000-000000000005",
    "color": "red",
    "tags": ["x"],
    "pair": [1, "a"],
    "ip": "1.2.3.4",
    "url": "https://example.com/",
    "small": 3,
    "word": "aa",
}
ANSWERS: list[tuple[Any, Json, str]] = [
    (Node, {"name": "a", "children": [{"name": "b"}]}, "Node(name='a', children=[Node("),
    (Pets, {"pets": [{"kind": "cat", "lives": 9}, {"kind": "dog"}]}, "Pets(pets=[Cat("),
    (Many, MANY, "Many(when=datetime.date(2026, 1, 2)"),
    (Aliased, {"fullName": "a", "one": 1}, "Aliased(full_name='a', choice=1)"),
    (Computed, {"a": 2}, "Computed(a=2, double=4)"),
    (Numbers, [1, 2], "Numbers(root=[1, 2])"),
    (Box[int], {"value": 1}, "Box[int](value=1)"),
    (Strict, {"when": "2026-01-02", "pair": [1, 2]}, "Strict(when=datetime.date(2026, 1, 2)"),
    (Words, {"words": ["a"]}, "{'words': ['a']}"),
    (Score, {"score": 1}, "Score(score=1.0, why='')"),
    (Cat | Dog, {"kind": "dog"}, "Dog(kind='dog')"),
    (Cat | None, None, "None"),
    (Literal["a", "b"], "a", "'a'"),
    (Color, "red", "<Color.RED: 'red'>"),
    (list[Cat], [{"kind": "cat", "lives": 9}], "[Cat("),
    (tuple[int, ...], [1, 2], "(1, 2)"),
    (dict[str, int], {"a": 1}, "{'a': 1}"),
    (Annotated[int, pydantic.Field(gt=3)], 4, "4"),
    (UserId, 3, "3"),
    (dt.date, "2026-01-02", "datetime.date(2026, 1, 2)"),
    (decimal.Decimal, 0.1, "Decimal('0.1')"),
    (bool, True, "True"),
    (int, 3, "3"),
    (object, {"a": 1}, "{'a': 1}"),
]


@pytest.mark.parametrize(("kind", "answer", "shown"), ANSWERS, ids=repr)
def test_an_answer_that_matches_the_schema_becomes_an_instance(
    kind: Any, answer: Json, shown: str
) -> None:
    made = agent(output=kind)

    assert made.output_schema is not None
    assert compiled(made.output_schema).problems(answer) == []
    assert output_type(kind).problems(answer) == ()
    assert repr(output_type(kind).instance(answer)).startswith(shown)


@pytest.mark.parametrize("kind", [kind for kind, *_ in ANSWERS], ids=str)
@pytest.mark.parametrize("subset", SchemaSubset)
def test_every_dialect_can_say_the_schema(kind: Any, subset: SchemaSubset) -> None:
    schema = output_type(kind).schema
    assert schema is not None
    agent(output=kind)

    asked = answer_schema(schema, Dialect(schema=subset)).schema

    assert compiled(asked)


@pytest.mark.parametrize(
    ("kind", "answer", "problem"),
    [
        (dt.date, "2026-02-30", "the value: "),
        (Many, {**MANY, "when": "2026-13-01"}, "when: "),
        (Node, {"name": "a", "children": [{"title": "b"}]}, "children/0/name: it is missing"),
        (Strict, {"when": "2026-01-02", "pair": [1, 2], "more": 1}, "more: there is no such field"),
        (list[int], ["a"] * 9, "0: it must be a whole number"),
        (str, 5, "it is not text"),
    ],
)
def test_what_is_no_instance_is_told_with_its_place(kind: Any, answer: Json, problem: str) -> None:
    problems = output_type(kind).problems(answer)

    assert problems[0].startswith(problem)
    assert len(problems) <= 5


class Open(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    line: int


@pytest.mark.parametrize("kind", [Dog, Score, Words, Node, list[Dog], Box[Dog]], ids=str)
def test_objects_are_closed_so_that_servers_enforce_the_schema_exactly(kind: Any) -> None:
    encoded = orjson.dumps(output_type(kind).schema)

    assert encoded.count(b'"additionalProperties":false') == encoded.count(b'"properties":')


def test_an_object_that_takes_more_stays_open() -> None:
    assert (agent(output=Open).output_schema or {})["additionalProperties"] is True
    assert output_type(Open).instance({"line": 1, "more": 2}) == Open.model_validate(
        {"line": 1, "more": 2}
    )


def test_openai_enforces_the_schema_of_a_model_whose_fields_are_all_required() -> None:
    schema = output_type(Pets).schema
    assert schema is not None

    asked = answer_schema(schema, Dialect(schema=SchemaSubset.OPENAI, strict=True))

    assert asked.is_strict


def test_text_is_a_type_without_a_schema() -> None:
    made = agent(output=str)

    assert made.output_schema is None
    assert output_type(str).instance("snow") == "snow"


def test_an_endless_problem_is_cut() -> None:
    class Refusing(pydantic.BaseModel):
        name: str

        @pydantic.field_validator("name")
        @classmethod
        def _refuse(cls, value: str) -> str:
            raise ValueError("x" * 10_000)

    (problem,) = output_type(Refusing).problems({"name": "a"})

    assert len(problem) == 300


def test_what_a_validator_raises_besides_value_errors_passes() -> None:
    class Broken(pydantic.BaseModel):
        name: str

        @pydantic.field_validator("name")
        @classmethod
        def _look(cls, value: str) -> str:
            raise KeyError(value)

    with pytest.raises(KeyError):
        output_type(Broken).problems({"name": "a"})


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (Plain, "JSON cannot represent tests.unit.core.test_output_type.Plain"),
        (Calling, "JSON cannot represent a function"),
        (Odd, "JSON cannot represent such a type"),
        (Raising, "SystemError"),
        (ValueError, "JSON cannot represent ValueError"),
        (Unfinished, "is not fully defined"),
        ("Cat", "'Cat' is not a type"),
        (5, "5 is not a type"),
        ([Cat], "is not a type"),
        (pydantic, "is not a type"),
        (lambda: None, "is not a type"),
        (Dog(kind="dog"), "is not a type"),
    ],
)
def test_what_has_no_schema_is_refused(kind: object, why: str) -> None:
    with pytest.raises(NoSchema, match=r".*") as refused:
        output_type(kind)

    assert why in str(refused.value)


def test_a_type_is_made_once_and_also_if_it_cannot_be_a_key() -> None:
    unhashable = Annotated[int, pydantic.Field(json_schema_extra={"x": 1})]

    assert output_type(Cat) is output_type(Cat)
    assert output_type(unhashable).instance(1) == 1
    with pytest.raises(Misfit):
        output_type(unhashable).instance("a")


class Bill(pydantic.BaseModel):
    total: decimal.Decimal
    count: int = 0
    share: float = 0.0


@pytest.mark.parametrize("frame", ["{}", "Here it is:\n```json\n{}\n```", "{{}} or rather {} then"])
def test_numbers_reach_the_type_as_they_were_written(frame: str) -> None:
    bill = '{"total": 12345678901234567.89, "count": 123456789012345678901234567890, "share": 0.5}'
    text = frame.format(bill)
    kind = output_type(Bill)

    made = kind.instance(find_json(text, compiled(kind.schema or {})), text)

    assert made == Bill(
        total=decimal.Decimal("12345678901234567.89"),
        count=123456789012345678901234567890,
        share=0.5,
    )
    assert type(made.share) is float


def test_a_value_that_the_text_does_not_have_is_taken_as_it_is() -> None:
    assert output_type(Bill).instance({"total": 1.5}, "another text").total == decimal.Decimal(
        "1.5"
    )
