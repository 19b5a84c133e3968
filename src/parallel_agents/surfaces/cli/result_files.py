"""Result files: each result as JSON, and in its own form, under the home as soon as its run has ended."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import orjson

from parallel_agents.app.map_out import RESULTS_FOLDER
from parallel_agents.core.ids import RunId
from parallel_agents.core.run import Result
from parallel_agents.files import write_private
from parallel_agents.secrets.known import KNOWN
from parallel_agents.views.answer_form import SUFFIXES, form_of
from parallel_agents.views.documents import result_json

# Names that are the same on every file system: in lowercase, and short.
_PLAIN = re.compile(r"[a-z0-9_][a-z0-9._-]{0,79}(?<!\.)")
_PLAIN_FOLDER = re.compile(
    r"[a-z0-9_][a-z0-9_-]{0,79}"
)  # without a dot, so it is never a file's name
_MOST_FOLDERS = 8
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")
_SHOWN_CHARACTERS = 40  # at most 4 bytes each, and a name may have 255
_DIGEST_CHARACTERS = 12
# Windows: https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
_DEVICES = frozenset(
    {"aux", "con", "nul", "prn", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
)


def results_folder(home: Path, name: str) -> Path:
    """The folder with the results of the run of that name."""
    return home / RESULTS_FOLDER / file_name(name)


def file_name(label: str) -> str:
    """The name of the file for a label: a different one for each label, on every file system.

    A label of lowercase letters, digits, dots, dashes and underscores is its own name, and one such
    as `each-1/check` is a file in a folder. For any other label, the name is its readable part, a tilde
    and a digest: `A b` and `a-b` are two files even where case makes no difference.
    """
    *folders, name = label.split("/")
    has_plain_folders = len(folders) <= _MOST_FOLDERS and all(
        _is_plain(_PLAIN_FOLDER, folder) for folder in folders
    )
    if has_plain_folders and _is_plain(_PLAIN, name):
        return label
    readable = _NOT_IN_NAMES.sub("-", label)[:_SHOWN_CHARACTERS].strip(".-")
    digest = hashlib.sha256(label.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{readable or 'result'}~{digest[:_DIGEST_CHARACTERS]}"


def _is_plain(plain: re.Pattern[str], name: str) -> bool:
    return plain.fullmatch(name) is not None and name.partition(".")[0] not in _DEVICES


def file_names(labels: Mapping[RunId, str]) -> dict[RunId, str]:
    """The name of the file of each run; the second and later runs of one label have their number."""
    seen: Counter[str] = Counter()
    names: dict[RunId, str] = {}
    for run, label in labels.items():
        seen[label] += 1
        number = "" if seen[label] == 1 else f"~{seen[label]}"
        names[run] = f"{file_name(label)}{number}"
    return names


def write_result(result: Result, folder: Path, name: str) -> None:
    """Write `NAME.json`, whole or not at all; a run that continues writes the same file again.

    An accepted answer is also written in its own form, such as `NAME.md` or `NAME.py`.
    """
    content = orjson.dumps(result_json(result), option=orjson.OPT_INDENT_2)
    write_private(folder / f"{name}.json", KNOWN.hide_json(content))
    form = form_of(result.output_json) if result.is_done else None
    for suffix in SUFFIXES:
        if form is None or suffix != form.suffix:
            (folder / f"{name}{suffix}").unlink(missing_ok=True)  # of an earlier answer
    if form is not None:
        write_private(folder / f"{name}{form.suffix}", KNOWN.hide(form.text).encode())
