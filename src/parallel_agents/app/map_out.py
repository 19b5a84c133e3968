"""What a map was begun with, and the file of its results: one that no other map writes, taken before it begins."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from parallel_agents.app.asked_before import asked_before
from parallel_agents.app.client import Client
from parallel_agents.core.ids import make_flow_key
from parallel_agents.core.schema import Json
from parallel_agents.core.work_differences import other_values
from parallel_agents.errors import Conflict, InvalidInput
from parallel_agents.files import check_folder, make_folders
from parallel_agents.maps.request import MAP, MapRequest
from parallel_agents.maps.results_file import CSV_SUFFIX
from parallel_agents.maps.source import Source

RESULTS_FOLDER = "results"
STDOUT = "-"
_SUFFIXES = (".jsonl", ".ndjson", CSV_SUFFIX)
_OPTIONS = {"agent": "agent", "text": "text", "inputs": "inputs", "key": "key column"}
_MODE = 0o600


class Earlier(NamedTuple):
    """What the map of an id was asked for before.

    Attributes:
        input: what its id stands for; empty if there is no such map.
        outs: the files that its runs have written.
    """

    input: Mapping[str, Json]
    outs: frozenset[str]


async def earlier_of(client: Client, name: str) -> Earlier:
    """What the runs of a map were asked for."""
    flows = await asked_before(client, make_flow_key(MAP, name))
    outs = frozenset(str(flow.options.get("out")) for flow in flows)
    return Earlier(flows[0].input if flows else {}, outs)


def check_same(request: MapRequest, name: str, earlier: Earlier) -> None:
    """Refuse another map under the id of one.

    Raises:
        Conflict: the agent, the text, an input or the key column is another one; it says which.
    """
    asked = request.flow_task().input
    if earlier.input and (found := other_values(earlier.input, asked, _OPTIONS)):
        raise Conflict(
            f"the map {name} was begun with other work",
            why="; ".join(found),
            hint="ask for the same again to continue it, or choose another id or key",
        )


def out_file(out: str | None, home: Path, name: str, source: Source) -> Path:
    """The file of results.

    Raises:
        InvalidInput: it is neither JSONL nor CSV, or it is the file with the rows.
    """
    if out is None or out == STDOUT:
        return home.absolute() / RESULTS_FOLDER / f"{name}.jsonl"
    file = Path(out).expanduser().absolute()
    if file.suffix.lower() not in _SUFFIXES and (file.is_file() or not file.exists()):
        raise InvalidInput(
            f"the file of results {out} is neither JSONL nor CSV",
            why="the end of its name says how the results are written",
            hint="name a file that ends in .jsonl or .csv, or - for stdout",
        )
    if file.is_file() or not file.exists():
        file = Path(os.path.realpath(file))  # a link stays, and what it points to is written
    if any(file == Path(os.path.realpath(Path(source.folder, path))) for path in source.paths):
        raise InvalidInput(
            f"the file of results {out} is the one that the rows are read from",
            why="the results would replace the rows",
            hint="name another file",
        )
    return file


def check_out(request: MapRequest, name: str, earlier: Earlier) -> None:
    """Refuse a file that cannot be written, or that is not of this map.

    Raises:
        InvalidInput: it is refused; the error says why.
    """
    out = Path(request.out)
    try:
        mode = out.stat().st_mode
    except FileNotFoundError:
        _check_folder(out)
        return
    except OSError as error:
        raise _unwritable(out, error.strerror or str(error)) from error
    if stat.S_ISREG(mode):
        if request.out not in earlier.outs:
            raise _not_of(out, name)
    elif stat.S_ISDIR(mode):
        raise _unwritable(out, "it is a folder")
    elif not stat.S_ISCHR(mode):
        raise _unwritable(
            out, "it is a pipe or another special file; `pagents map --out -` writes to stdout"
        )


@asynccontextmanager
async def taken_out(client: Client, name: str, request: MapRequest) -> AsyncGenerator[None]:
    """Create the file of results, so that no other map takes it, while the map is stored.

    Raises:
        InvalidInput: it cannot be created, or another map was faster.
    """
    is_taken = await asyncio.to_thread(_take, Path(request.out))
    if not is_taken:
        await asyncio.to_thread(check_out, request, name, await earlier_of(client, name))
    try:
        yield
    finally:
        if is_taken and request.out not in (await earlier_of(client, name)).outs:
            await asyncio.to_thread(Path(request.out).unlink, missing_ok=True)


def _take(out: Path) -> bool:
    """Create a file that was not there."""
    try:
        make_folders(out.parent)
        os.close(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE))
    except FileExistsError:
        return False
    except OSError as error:
        raise _unwritable(out, error.strerror or str(error)) from error
    return True


def _check_folder(out: Path) -> None:
    """Refuse a file for which no folder is there or can be made."""
    try:
        check_folder(out.parent)
    except OSError as error:
        raise _unwritable(out, error.strerror or str(error)) from error


def _not_of(out: Path, name: str) -> InvalidInput:
    return InvalidInput(
        f"the file {out} exists, and the map {name} has not written it",
        why="its results would replace what is there",
        hint="name another file, or remove this one; the id or key of an earlier map continues it",
    )


def _unwritable(out: Path, why: str) -> InvalidInput:
    return InvalidInput(
        f"the results cannot be written to {out}", why=why, hint="name another file of results"
    )
