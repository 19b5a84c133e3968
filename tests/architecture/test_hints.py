"""A hint that a Python program may read names more than an option of the command line."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import parallel_agents

SOURCE = Path(parallel_agents.__file__).parent
# Only commands meet these, or their whole answer is a command.
OF_COMMANDS = {
    "configuring",
    "creating",
    "setting_sources.py",
    "surfaces",
    "testing",
    "tracing.py",
    "views",
}
COMMAND = re.compile(r"`[^`]*`|pagents [^;,]*")
OPTION = re.compile(r"(?<!\w)--[a-z]")


def hints() -> Iterator[tuple[str, str]]:
    """Each hint, with the module that gives it; what is formatted into it is left out."""
    for file in sorted(SOURCE.rglob("*.py")):
        place = file.relative_to(SOURCE)
        if place.parts[0] in OF_COMMANDS:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "hint":
                texts = [each for each in ast.walk(node.value) if isinstance(each, ast.Constant)]
                yield str(place), "".join(str(each.value) for each in texts)


def test_a_hint_that_names_an_option_names_the_argument_too() -> None:
    missing = [
        (place, hint)
        for place, hint in hints()
        if OPTION.search(COMMAND.sub("", hint)) and "Python" not in hint
    ]

    assert missing == []
