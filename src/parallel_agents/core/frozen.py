"""Frozen: an attempt to change a value that never changes is refused in words."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from typing import Any, NoReturn, cast


class Frozen:
    """The base of frozen dataclasses that programs get.

    Raises:
        FrozenInstanceError: from setting or deleting an attribute; it names the attribute.
    """

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # `dataclass(slots=True)` makes the class a second time, and the methods that it wrote know the
        # first one: for what is no field, such as a property, they fail in `super()`.
        if "__setattr__" in vars(cls):
            made = cast("Any", cls)
            made.__setattr__ = _refuse_value
            made.__delattr__ = _refuse_removal


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
