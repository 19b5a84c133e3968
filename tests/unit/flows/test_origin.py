"""Where a function is defined, in a module, in a script, and where there is no file."""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from parallel_agents.flows.origin import origin_of

HERE = os.path.realpath(__file__)


async def launch() -> None: ...


class Shop:
    async def launch(self) -> None: ...


@functools.wraps(launch)
async def wrapped() -> None: ...


def test_a_function_is_known_by_its_file_and_name() -> None:
    assert origin_of(launch) == f"{HERE}:launch"
    assert origin_of(wrapped) == f"{HERE}:launch"
    assert origin_of(Shop().launch) == f"{HERE}:Shop.launch"


@pytest.mark.parametrize(
    ("file", "place"), [("job.py", "job.py"), ("gone.py", "job"), (None, "job")]
)
def test_a_file_counts_only_if_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str | None, place: str
) -> None:
    (tmp_path / "job.py").touch()
    module = ModuleType("job")
    if file is not None:
        module.__file__ = str(tmp_path / file)
    monkeypatch.setitem(sys.modules, "job", module)
    exec("async def launch(): ...", vars(module))

    expected = tmp_path.resolve() / place if place == "job.py" else place
    assert origin_of(vars(module)["launch"]) == f"{expected}:launch"
