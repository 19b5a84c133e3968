"""Result files: each result as a JSON file under the home, as soon as its run has ended."""

from __future__ import annotations

import re
from pathlib import Path

import orjson

from parallel_agents.core.run import Result
from parallel_agents.files import write_private
from parallel_agents.surfaces.cli import render

RESULTS_FOLDER = "results"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


def results_folder(home: Path, name: str) -> Path:
    """The folder with the results of the run of that name."""
    return home / RESULTS_FOLDER / _as_file_name(name)


def write_result(result: Result, folder: Path) -> None:
    """Write `LABEL.json`, whole or not at all; a run that continues writes the same file again."""
    content = orjson.dumps(render.result_json(result), option=orjson.OPT_INDENT_2)
    write_private(folder / f"{_as_file_name(result.label)}.json", content)


def _as_file_name(label: str) -> str:
    return _NOT_IN_NAMES.sub("-", label).strip(".")[:100] or "result"
