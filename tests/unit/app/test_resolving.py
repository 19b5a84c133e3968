"""Each file in conflict has a label of its own, by which its answer is found."""

from __future__ import annotations

import pytest

from parallel_agents.app.resolving import labels_of
from parallel_agents.workspaces.resolving import Versions


@pytest.mark.parametrize(
    ("paths", "labels"),
    [
        (["a.py", "b c.py"], ["a.py", "b c.py"]),
        (["a.py", "\u00e4.py"], ["a.py", "file 2 of 2"]),
        (["a.py", "b" * 300], ["a.py", "file 2 of 2"]),
        (["\u00e4.py", "file 1 of 2"], ["file 1 of 2 in conflict", "file 1 of 2"]),
    ],
)
def test_no_label_is_that_of_another_file(paths: list[str], labels: list[str]) -> None:
    asked = dict.fromkeys(paths, Versions("a\n", "b\n", "c\n"))

    assert list(labels_of(asked).values()) == labels
