"""Hints: what to write in place of a value that is often passed by mistake."""

from __future__ import annotations

import inspect
from dataclasses import is_dataclass


def hint_for_coroutine(value: object, takes: str, *, is_item: bool = False) -> str:
    """What to write instead of a call of an async function; empty for anything else.

    Args:
        value: what was passed.
        takes: what is taken, in words.
        is_item: whether the value is one of a list.
    """
    if not inspect.isawaitable(value) or isinstance(value, type):
        return ""
    name = getattr(value, "__name__", "the function")
    if takes.startswith("a function"):
        return f"pass {name} itself, without calling it"
    if is_item:
        return f"pass {takes}; calls go into `await asyncio.gather({name}(...), {name}(...))`"
    return f"write `await` before the call of {name}"


def hint_for_fields(value: object) -> str:
    """What to write instead of a Pydantic model or a dataclass; empty for anything else."""
    fields = fields_written(value)
    return f"pass the fields of an instance: {fields}" if fields else ""


def hint_for_fields_as_text(value: object) -> str:
    """The same, where a text is taken."""
    fields = fields_written(value)
    return f"pass the fields of an instance as a text: json.dumps({fields})" if fields else ""


def fields_written(value: object) -> str:
    """How the fields of a Pydantic model or a dataclass are written; empty for anything else."""
    kind = value if isinstance(value, type) else type(value)
    made = f"{kind.__name__}(...)"
    if hasattr(kind, "model_dump"):
        return f"{made}.model_dump(mode='json')"
    return f"dataclasses.asdict({made})" if is_dataclass(kind) else ""


def hint_for_named(value: object) -> str:
    """What to write where the name of an agent or a session is taken; empty for anything else."""
    name = getattr(value, "name", "")
    is_ours = callable(getattr(value, "written", None)) and not isinstance(value, type)
    if is_ours and isinstance(name, str) and name:
        return f"write its name, {name!r}"
    key = getattr(value, "key", "")  # of a handle
    is_handle = isinstance(getattr(value, "run_id", None), str) and isinstance(key, str)
    return f"write its key, {key!r}, which is `.key` of the handle" if is_handle else ""
