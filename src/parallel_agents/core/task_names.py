"""Task names: what a task, its model and its session may be called, so that a table can show it."""

from __future__ import annotations

from parallel_agents.core.cutting import head
from parallel_agents.errors import InvalidInput

MAX_LABEL_CHARACTERS = 100


def check_label(label: str | None) -> None:
    """Refuse a label that is empty or does not fit on one line of a table.

    Raises:
        InvalidInput: it is empty or too long, or has control characters.
    """
    if label is None:
        return
    check_filled("label", label)
    if len(label) > MAX_LABEL_CHARACTERS or not label.isprintable():
        raise InvalidInput(
            f"the label {head(label, 40)!r} is not allowed",
            why=f"a label has at most {MAX_LABEL_CHARACTERS} printable characters",
            hint="choose a short name, such as review-1",
        )
    if label.startswith("@"):
        raise InvalidInput(
            f"the label {head(label, 40)!r} could not be reached",
            why="names that begin with @ stand for something else, such as @last",
            hint="choose another first character",
        )


def check_filled(what: str, value: str | None) -> None:
    """Refuse a name that is empty, where none at all would mean the default.

    Raises:
        InvalidInput: it is empty.
    """
    if value is not None and not value.strip():
        raise InvalidInput(
            f"{what} is {value!r}", why="it is empty", hint="give it a name, or leave it out"
        )
