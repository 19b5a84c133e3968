"""Expression: a condition on an answer, such as `score >= 8.5 and len(issues) == 0`.

The syntax is a part of Python's that only reads values: names of the answer's fields, `a.b`,
`a[0]`, comparisons, `and`, `or`, `not`, `in`, numbers, texts, lists, `+ - * /`, and the functions
len, min, max, sum, any, all, abs, lower.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, TypeAlias, cast

from parallel_agents.core.cutting import head
from parallel_agents.core.python_text import parse_expression
from parallel_agents.core.schema import Json
from parallel_agents.core.shown import shown
from parallel_agents.errors import InvalidInput

# What conditions call an answer that has no fields.
PLAIN_NAMES: tuple[str, ...] = ("text", "items")
_MAX_CHARACTERS = 1000
_MOST_NAMES = 20

# The steps to a value: names of fields, and indexes of lists.
Path: TypeAlias = tuple[str | int, ...]


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


class Lacking(ValueError):
    """The answer lacks a value that the condition reads; the text says which."""


class Unfit(ValueError):
    """The condition does not fit the values that it reads, such as a text compared with a number."""


class Expression:
    """A parsed condition.

    Attributes:
        paths: what it reads of the answer, as `("issues", 0, "severity")`, in its order.
        orders: what it compares by size with a number or a text, and the type of that.

    Raises:
        InvalidInput: the source is not a condition.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        if len(source) > _MAX_CHARACTERS:
            raise _invalid(source, f"it has more than {_MAX_CHARACTERS} characters")
        try:
            self._body = parse_expression(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            why = error.msg if isinstance(error, SyntaxError) else str(error)
            raise _invalid(source, why) from error
        _check(self._body, source)
        self.paths: tuple[Path, ...] = tuple(dict.fromkeys(_paths(self._body)))
        self.orders: tuple[tuple[Path, str], ...] = tuple(dict.fromkeys(_orders(self._body)))

    def holds(self, answer: Json) -> bool:
        """Whether the answer satisfies the condition; an answer without fields is called `text`.

        Raises:
            Lacking: the answer lacks what the condition reads.
            Unfit: the condition does not fit the values that it reads.
        """
        names = answer if isinstance(answer, Mapping) else dict.fromkeys(PLAIN_NAMES, answer)
        try:
            return bool(_value(self._body, names))
        except (Lacking, Unfit):
            raise
        except (ArithmeticError, LookupError, ValueError) as error:
            raise Lacking(str(error)) from error
        except (TypeError, RecursionError) as error:
            raise Unfit(str(error)) from error


@lru_cache(maxsize=512)
def expression(source: str) -> Expression:
    """The condition, parsed once for each source."""
    return Expression(source)


def _invalid(source: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"{head(source, 80)!r} is not a condition on an answer",
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
            return (
                _CONSTANTS[name]
                if name in _CONSTANTS and name not in names
                else _member(names, name)
            )
        case ast.Attribute(value=inner, attr=name):
            return _member(_value(inner, names), name)
        case ast.Subscript(value=inner, slice=index):
            return _member(_value(inner, names), _value(index, names))
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item, names) for item in items]
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _applied(_FUNCTIONS[name], *(_value(argument, names) for argument in arguments))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, names)
        case ast.UnaryOp(operand=operand):
            return _applied(operator.neg, _value(operand, names))
        case _:
            return _combined(node, names)


def _combined(node: ast.expr, names: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as above
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            return _applied(_BINARY[type(op)], _value(left, names), _value(right, names))
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
        if not _applied(_COMPARE[type(op)], value, other):
            return False
        value = other
    return True


def _member(value: Any, step: Any) -> Any:  # noqa: ANN401 - JSON of any kind
    """The field or item of a value.

    Raises:
        Lacking: there is none.
        Unfit: the value is of a kind that has no such part.
    """
    if value is None:
        raise Lacking(f"what has to have {shown(step)} is null")
    if isinstance(value, Mapping):
        fields = cast("Mapping[object, Any]", value)
        if step in fields:
            return fields[step]
        raise Lacking(f"there is no field {shown(step)}, {_listed(fields)}")
    if isinstance(step, str):
        raise Unfit(f"{shown(value)} has no field {shown(step)}")
    return value[step]


def _listed(names: Mapping[object, Any]) -> str:
    listed = [shown(name) for name in islice(names, _MOST_NAMES)]
    more = len(names) - len(listed)
    if not listed:
        return "nor any other"
    return f"only {', '.join(listed)}" + (f" and {more} more" if more else "")


def _applied(function: Callable[..., Any], *values: Any) -> Any:  # noqa: ANN401 - as above
    """What an operator makes of values; null is a value that the answer lacks.

    Raises:
        Lacking: one of the values, or of the items of one, is null.
        Unfit: the operator does not fit the values.
    """
    try:
        return function(*values)
    except TypeError as error:
        of = f"of {', '.join(map(shown, values))}"
        if any(v is None or (isinstance(v, list) and None in v) for v in values):
            raise Lacking(f"a value is null: {error}, {of}") from error
        raise Unfit(f"{error}, {of}") from error


def _paths(node: ast.AST) -> Iterator[Path]:
    """The longest paths of names and constant indexes that a condition reads."""
    if (path := _path(node)) is not None:
        yield path
        return
    for part in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.Call) and part is node.func):
            yield from _paths(part)


def _orders(body: ast.AST) -> Iterator[tuple[Path, str]]:
    for node in ast.walk(body):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        for op, left, right in zip(node.ops, sides, sides[1:], strict=False):
            if isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE):
                for one, other in ((left, right), (right, left)):
                    path, kind = _path(one), _kind(other)
                    if path is not None and kind:
                        yield path, kind


def _kind(node: ast.AST) -> str:
    """The JSON type of a constant number or text; empty for anything else."""
    inner = node.operand if isinstance(node, ast.UnaryOp) else node
    match inner:
        case ast.Constant(value=int() | float()):
            return "number"
        case ast.Constant(value=str()):
            return "string"
        case _:
            return ""


def _path(node: ast.AST) -> Path | None:
    match node:
        case ast.Name(id=name) if name not in _CONSTANTS:
            return (name,)
        case ast.Attribute(value=inner, attr=step):
            above = _path(inner)
        case ast.Subscript(value=inner, slice=ast.Constant(value=str() | int() as step)):
            above = _path(inner)
        case _:
            return None
    return None if above is None else (*above, step)
