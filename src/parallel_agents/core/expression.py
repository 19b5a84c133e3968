"""Expression: a condition on an answer, such as `score >= 8.5 and len(issues) == 0`.

The syntax is a part of Python's that only reads values: names of the answer's fields, `a.b`,
`a[0]`, comparisons, `and`, `or`, `not`, `in`, numbers, texts, lists, `+ - * /`, and the functions
len, min, max, sum, any, all, abs, lower.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from parallel_agents.core.schema import Json
from parallel_agents.errors import InvalidInput

_MAX_CHARACTERS = 1000


def _times(one: object, other: object) -> int | float:
    """The product of two numbers; a text times a billion would take all memory."""
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one * other
    raise TypeError("only numbers can be multiplied")


_CONSTANTS = {"true": True, "false": False, "null": None}
_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, among: item in among,
    ast.NotIn: lambda item, among: item not in among,
}
_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: _times,
    ast.Div: lambda one, other: one / other,
}
_FUNCTIONS: Mapping[str, Any] = {
    "len": len,
    "min": min,
    "max": max,
    "sum": sum,
    "any": any,
    "all": all,
    "abs": abs,
    "lower": str.lower,
}


class Expression:
    """A parsed condition.

    Raises:
        InvalidInput: the source is not a condition.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        if len(source) > _MAX_CHARACTERS:
            raise _invalid(source, f"it has more than {_MAX_CHARACTERS} characters")
        try:
            self._body = ast.parse(source.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            why = error.msg if isinstance(error, SyntaxError) else str(error)
            raise _invalid(source, why) from error
        _check(self._body, source)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the answer's own fields that the condition reads, in their order."""
        called = {id(part.func) for part in ast.walk(self._body) if isinstance(part, ast.Call)}
        names = [
            part.id
            for part in ast.walk(self._body)
            if isinstance(part, ast.Name) and id(part) not in called and part.id not in _CONSTANTS
        ]
        return tuple(dict.fromkeys(names))

    def holds(self, answer: Json) -> bool:
        """Whether the answer satisfies the condition; an answer without fields is called `text`.

        Raises:
            ValueError: the answer lacks a field, or one has the wrong type; the error says which.
        """
        names = answer if isinstance(answer, Mapping) else {"text": answer, "items": answer}
        try:
            return bool(_value(self._body, names))
        except (TypeError, ArithmeticError, LookupError, RecursionError) as error:
            raise ValueError(str(error)) from error


@lru_cache(maxsize=512)
def expression(source: str) -> Expression:
    """The condition, parsed once for each source."""
    return Expression(source)


def _invalid(source: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"{source[:80]!r} is not a condition on an answer",
        why=why,
        hint="write a condition such as: score >= 8.5 and len(issues) == 0",
    )


def _check(node: ast.expr, source: str) -> None:
    """Refuse unsupported syntax when the condition is parsed, not when an answer comes."""
    for part in ast.walk(node):
        match part:
            case ast.Call(func=ast.Name(id=name), keywords=[]) if name in _FUNCTIONS:
                continue
            case ast.Constant(value=bool() | int() | float() | str() | None):
                continue
            case ast.Name() | ast.Attribute() | ast.Subscript() | ast.Compare() | ast.BoolOp():
                continue
            case ast.UnaryOp(op=ast.Not() | ast.USub()) | ast.List() | ast.Tuple():
                continue
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
                continue
            case ast.expr_context() | ast.boolop() | ast.unaryop() | ast.operator():
                continue
            case ast.cmpop() if type(part) in _COMPARE:
                continue
            case _:
                raise _invalid(source, f"{type(part).__name__} is not supported")


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON of any kind
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return names[name] if name in names else _constant(name)
        case ast.Attribute(value=inner, attr=name):
            return _value(inner, names)[name]
        case ast.Subscript(value=inner, slice=index):
            return _value(inner, names)[_value(index, names)]
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item, names) for item in items]
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _FUNCTIONS[name](*(_value(argument, names) for argument in arguments))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, names)
        case ast.UnaryOp(operand=operand):
            return -_value(operand, names)
        case _:
            return _combined(node, names)


def _combined(node: ast.expr, names: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as above
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](_value(left, names), _value(right, names))
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_value(value, names) for value in values)
        case ast.BoolOp(values=values):
            return any(_value(value, names) for value in values)
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            return _compared(left, ops, comparators, names)
        case _:
            raise TypeError(f"{type(node).__name__} is not supported")


def _compared(
    left: ast.expr,
    ops: Sequence[ast.cmpop],
    comparators: Sequence[ast.expr],
    names: Mapping[str, Any],
) -> bool:
    value = _value(left, names)
    for op, comparator in zip(ops, comparators, strict=True):
        other = _value(comparator, names)
        if not _COMPARE[type(op)](value, other):
            return False
        value = other
    return True


def _constant(name: str) -> bool | None:
    if name not in _CONSTANTS:
        raise KeyError(f"the answer has no field {name!r}")
    return _CONSTANTS[name]
