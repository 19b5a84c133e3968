"""Keeping: each result as a JSON file under the home, as soon as it is there."""

from __future__ import annotations

import re
from pathlib import Path

import orjson

from parallel_agents.core.run import Result
from parallel_agents.surfaces.cli import render

RESULTS_FOLDER = "results"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


def results_folder(home: Path, name: str) -> Path:
    """Where the results of a run by that name are."""
    return home / RESULTS_FOLDER / _as_file_name(name)


def keep(result: Result, folder: Path) -> None:
    """Write `LABEL.json`, whole or not at all; a run that goes on writes the same file again."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{_as_file_name(result.label)}.json"
    part = file.with_suffix(".part")
    part.write_bytes(orjson.dumps(render.result_json(result), option=orjson.OPT_INDENT_2))
    part.replace(file)


def _as_file_name(label: str) -> str:
    return _NOT_IN_NAMES.sub("-", label).strip(".")[:100] or "result"
