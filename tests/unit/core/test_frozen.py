"""What programs get is frozen, and says so in words."""

from __future__ import annotations

import inspect
from dataclasses import FrozenInstanceError, dataclass, field, is_dataclass
from typing import Any, cast

import pytest
from typing_extensions import override

import parallel_agents as pa
from parallel_agents import testing
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.row import Row
from parallel_agents.core.run import Run
from parallel_agents.core.session import Session

PUBLIC = [getattr(module, name) for module in (pa, testing) for name in module.__all__]
VALUES = [kind for kind in PUBLIC if inspect.isclass(kind) and is_dataclass(kind)]


@dataclass(frozen=True, slots=True)
class Cup(Frozen):
    size: int

    @property
    def is_large(self) -> bool:
        return self.size > 3


class Marked(Cup):
    """A class that a program makes of ours, whose instances have attributes of their own."""


@pytest.mark.parametrize("kind", [*VALUES, Row, Run, Session])
@pytest.mark.parametrize("name", ["output", "unheard_of"])
def test_no_attribute_of_a_public_value_can_be_set_or_deleted(kind: type[Any], name: str) -> None:
    value = object.__new__(kind)

    with pytest.raises(FrozenInstanceError, match=f"{name} cannot be set: {kind.__name__} is"):
        setattr(value, name, 1)
    with pytest.raises(FrozenInstanceError, match=f"{name} cannot be deleted"):
        delattr(value, name)


def test_the_refusal_of_a_field_says_what_to_write() -> None:
    cup: Any = Cup(3)

    with pytest.raises(FrozenInstanceError, match=r"dataclasses\.replace\(\.\.\., size=\.\.\.\)"):
        cup.size = 4
    with pytest.raises(FrozenInstanceError, match=r"is frozen$"):
        cup.is_large = True


def test_a_programs_own_class_has_attributes_of_its_own() -> None:
    marked: Any = Marked(3)

    marked.owner = "Ann"
    with pytest.raises(FrozenInstanceError):
        marked.size = 4

    assert marked.owner == "Ann"
    del marked.owner
    assert not hasattr(marked, "owner")


class Array:
    """A value that compares item by item, as those of NumPy do."""

    @override
    def __eq__(self, other: object) -> Any:
        raise ValueError("the truth value is ambiguous")

    @override
    def __hash__(self) -> int:
        return 0

    @override
    def __repr__(self) -> str:
        return "an array"


@dataclass(frozen=True, slots=True)
class Tray(Frozen):
    cups: tuple[Cup, ...] = ()
    name: str = "blue"
    notes: list[str] = field(default_factory=list[str])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Cup(3), "Cup(size=3)"),
        (Tray(), "Tray()"),
        (Tray((Cup(1),), notes=["hot"]), "Tray(cups=(Cup(size=1),), notes=['hot'])"),
        (Tray(notes=cast("Any", Array())), "Tray(notes=an array)"),
        (object.__new__(Tray), "Tray()"),
        (pa.Limits(attempts=2), "Limits(attempts=2)"),
        (pa.Task("writer", "Go."), "Task(agent='writer', text='Go.')"),
    ],
)
def test_a_value_shows_what_differs_from_the_defaults(value: object, shown: str) -> None:
    assert repr(value) == shown
