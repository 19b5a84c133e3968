"""Regular expressions mean the same in each Python that the package runs on."""

from __future__ import annotations

import re
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "parallel_agents"
# Python before 3.11.5 goes on behind an alternative of such a group that has failed halfway:
# https://github.com/python/cpython/issues/101955. One character that is repeated so is right in all.
POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{[\d,{}]+\})\+[\"')|]|\(\?>")


def test_no_group_is_repeated_possessively() -> None:
    found = {
        f"{file.relative_to(SOURCE)}:{number}"
        for file in SOURCE.rglob("*.py")
        for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1)
        if POSSESSIVE_GROUP.search(line)
    }

    assert found == set()
