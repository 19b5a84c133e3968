"""Code calls: tool calls that a model wrote in Python, with literal arguments by name."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from typing_extensions import override

from parallel_agents.core.python_text import parse_statements
from parallel_agents.core.schema import Json, JsonObject

_MOST_CHARACTERS = 100_000
_MOST_NESTED = 40
_WORDS = {"true": True, "false": False, "null": None, "none": None}
_FAULTS = (SyntaxError, ValueError, TypeError, MemoryError, RecursionError)


def read_python(text: str) -> Sequence[tuple[str, JsonObject | str]]:
    """The calls in a text such as `[look(city="Oslo")]` or `print(tools.look(city="Oslo"))`.

    Empty if the text is anything else. Arguments that cannot be read are the text of the call.
    """
    if len(text) > _MOST_CHARACTERS or _is_nested_deeply(text):
        return ()
    try:
        statements = parse_statements(text.strip()).body
        return tuple([_read(call) for statement in statements for call in _calls(statement)])
    except _FAULTS:
        return ()


def _calls(statement: ast.stmt) -> Iterator[ast.Call]:
    if not isinstance(statement, ast.Expr):
        raise TypeError("it is not only calls")
    value = statement.value
    for item in value.elts if isinstance(value, ast.List | ast.Tuple) else (value,):
        call = item
        if _name(call) == "print" and isinstance(call, ast.Call) and len(call.args) == 1:
            call = call.args[0]
        if not isinstance(call, ast.Call):
            raise TypeError("it is not only calls")
        yield call


def _name(node: ast.expr) -> str:
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def _read(call: ast.Call) -> tuple[str, JsonObject | str]:
    name = _name(call).removesuffix(".call")
    try:
        if call.args:
            raise ValueError("an argument has no name")
        return name, {key.arg: _literal(key.value) for key in call.keywords if key.arg}
    except _FAULTS:
        return name, ast.unparse(call)


def _literal(node: ast.expr) -> Json:
    value: Json = ast.literal_eval(_Words().visit(node))
    return value


class _Words(ast.NodeTransformer):
    """Replaces the literals of JSON by those of Python."""

    @override
    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(_WORDS[node.id]) if node.id in _WORDS else node


def _is_nested_deeply(text: str) -> bool:
    depth = deepest = 0
    for sign in text:
        if sign in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in ")]}":
            depth -= 1
    return deepest > _MOST_NESTED
