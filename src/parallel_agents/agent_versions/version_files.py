"""Version files: how versions and drafts lie in a folder, each written as a whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from parallel_agents.agent_versions.record import DraftRecord, Files, Record
from parallel_agents.core.problems import describe_problem
from parallel_agents.errors import InvalidFile
from parallel_agents.files import write_private, write_whole

AGENT, CASES, RECORD = "agent.md", "cases.yaml", "record.json"
_READ_ONLY = 0o400
_MAX_BYTES = 1 << 20

RecordT = TypeVar("RecordT", Record, DraftRecord)


def write_folder(target: Path, files: Files, record: Record | DraftRecord) -> None:
    """Write a folder with an agent, its cases and its record; it appears with all of them.

    Raises:
        InvalidInput: it cannot be written.
    """
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    contents = {AGENT: files.agent.encode(), RECORD: _as_json(record)}
    if files.cases:
        contents[CASES] = files.cases.encode()
    for name, content in contents.items():
        write_private(part / name, content)
        (part / name).chmod(_READ_ONLY)
    part.rename(target)


def replace_folder(target: Path, files: Files, record: Record | DraftRecord) -> None:
    """Like `write_folder`, in place of a folder that is there."""
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    write_folder(target, files, record)
    shutil.rmtree(old, ignore_errors=True)


def read_files(agent: Path, cases: Path) -> Files | None:
    """The files of an agent; None if it has none.

    Raises:
        InvalidFile: one is too large, not UTF-8, or cannot be read.
    """
    text = _text(agent)
    return None if text is None else Files(text, _text(cases) or "")


def read_folder(folder: Path) -> Files:
    """The files in the folder of a version or of a draft.

    Raises:
        InvalidFile: they cannot be read, or are gone.
    """
    found = read_files(folder / AGENT, folder / CASES)
    if found is None:
        raise _unreadable(folder / AGENT, "it is gone")
    return found


def read_record(folder: Path, kind: type[RecordT]) -> RecordT:
    """The record in the folder of a version or of a draft.

    Raises:
        InvalidFile: it cannot be read.
    """
    file = folder / RECORD
    text = _text(file)
    if text is None:
        raise _unreadable(file, "it is gone")
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError as error:
        raise _unreadable(file, describe_problem(error)) from error


def place_files(files: Mapping[Path, str]) -> None:
    """Write the files that are in effect; one without text is removed.

    A link is replaced, and what it leads to stays.

    Raises:
        InvalidInput: they cannot be written.
    """
    for file, text in files.items():
        if file.is_symlink() or not text:
            file.unlink(missing_ok=True)
        if text:
            write_whole(file, text.encode())


def _text(file: Path) -> str | None:
    try:
        if file.is_fifo():
            raise _unreadable(file, "it is a pipe, which would be waited for")
        with file.open("rb") as opened:
            content = opened.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise _unreadable(file, f"it has more than {_MAX_BYTES:,} bytes")
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, str(error)) from error


def _unreadable(file: Path, why: str) -> InvalidFile:
    return InvalidFile(
        f"{file} cannot be read", why=why, hint="restore it, or move it away; it is a text in UTF-8"
    )


def _as_json(record: Record | DraftRecord) -> bytes:
    return orjson.dumps(record, option=orjson.OPT_INDENT_2) + os.linesep.encode()
