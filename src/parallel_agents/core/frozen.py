"""Frozen: values that never change: an attempt to is refused in words, and they show what was set."""

from __future__ import annotations

from dataclasses import MISSING, Field, FrozenInstanceError, fields
from reprlib import recursive_repr
from typing import Any, NoReturn, cast


class Frozen:
    """The base of frozen dataclasses that programs get.

    A value shows the fields that differ from their defaults, unless its class says how to show it.

    Raises:
        FrozenInstanceError: from setting or deleting an attribute; it names the attribute.
    """

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        made = cast("Any", cls)
        if "__repr__" not in vars(cls):  # `dataclass` writes one where there is none
            made.__repr__ = _shown
        # `dataclass(slots=True)` makes the class a second time, and the methods that it wrote know the
        # first one: for what is no field, such as a property, they fail in `super()`.
        if "__setattr__" in vars(cls):
            made.__setattr__ = _refuse_value
            made.__delattr__ = _refuse_removal


@recursive_repr()
def _shown(value: object) -> str:
    named = [(field, getattr(value, field.name, MISSING)) for field in fields(cast("Any", value))]
    shown = [
        f"{field.name}={found!r}"
        for field, found in named
        if field.repr and found is not MISSING and not _is_default(found, field)
    ]
    return f"{type(value).__qualname__}({', '.join(shown)})"


def _is_default(found: object, field: Field[Any]) -> bool:
    """Whether a value is the field's default; one of another type may compare in any way, as arrays do."""
    factory = field.default_factory
    default = field.default if factory is MISSING else factory()
    return found is default or (type(found) is type(default) and found == default)


def _refuse_value(frozen: object, name: str, value: object) -> None:
    if _is_own(frozen, name):
        object.__setattr__(frozen, name, value)
    else:
        _refuse(frozen, f"{name} cannot be set", name)


def _refuse_removal(frozen: object, name: str) -> None:
    if _is_own(frozen, name):
        object.__delattr__(frozen, name)
    else:
        _refuse(frozen, f"{name} cannot be deleted", name)


def _is_own(frozen: object, name: str) -> bool:
    """Whether a class that a program made of a frozen one has the attribute for itself."""
    return hasattr(frozen, "__dict__") and not hasattr(_frozen_class_of(frozen), name)


def _frozen_class_of(frozen: object) -> type[object]:
    kinds = type(frozen).__mro__
    return next(kind for kind in kinds if vars(kind).get("__setattr__") is _refuse_value)


def _refuse(frozen: object, what: str, name: str) -> NoReturn:
    kind = type(frozen).__name__
    why = f"{what}: {kind} is frozen"
    if name in [field.name for field in fields(cast("Any", frozen)) if field.init]:
        why += f"; dataclasses.replace(..., {name}=...) makes another one"
    raise FrozenInstanceError(why)
