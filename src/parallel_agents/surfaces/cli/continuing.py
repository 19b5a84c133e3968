"""Continuing: what a person is told to do with a run that no process works on."""

from __future__ import annotations


def how_to_continue(name: str, *, in_program: bool, where: str = "") -> str:
    """The command that continues a run, unless only a Python program can.

    Args:
        name: what is typed for the session.
        in_program: whether it lacks what only a program passes.
        where: the folder to be in, such as ` in FOLDER`.
    """
    if in_program:
        return (
            "Only a Python program that passes it can continue it: `pagents list` shows what waits."
        )
    return f"Continue{where} with: pagents resume {name}"
