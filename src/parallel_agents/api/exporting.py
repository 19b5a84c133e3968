"""Exporting: `export` writes all that a team, a flow or a session did into one file."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from pathlib import Path

from parallel_agents.api.held_loop import refuse_await
from parallel_agents.app.reading import Reader, check_exists, open_reader
from parallel_agents.app.usable import find_usable
from parallel_agents.core.annotations import Name
from parallel_agents.core.arguments import checked
from parallel_agents.core.artifact import Artifact
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.shared_state import OUTSIDER
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import InvalidInput
from parallel_agents.files import Draft, check_free, check_target, draft_of
from parallel_agents.interrupts import in_thread
from parallel_agents.secrets.known import KNOWN
from parallel_agents.settings import read_environment
from parallel_agents.views.exports.tree import (
    Exported,
    ExportForm,
    ExportFormName,
    Wanted,
    read_tree,
)
from parallel_agents.views.exports.writing import Export, described

_LOG = logging.getLogger("parallel_agents")
_PIECE_BYTES = 1 << 20


@checked
async def aexport(  # noqa: PLR0913 - what an export can be, each by its name
    name: Name,
    file: Path | Name,
    *,
    form: ExportFormName | None = None,
    transcripts: bool = True,
    only_failed: bool = False,
    redact: bool = False,
    force: bool = False,
    home: Path | Name | None = None,
) -> Exported:
    """Write all that a team, a flow or a session did into one file, for somebody else.

        exported = await pa.aexport("launch", "launch.html")
        print(exported.sessions, exported.redacted)

    Secrets that this process knows are hidden in it. It logs what goes out before the file appears.

    Args:
        name: the name of a session; see `OpenSessions`.
        file: where to write it; an existing one is not replaced.
        form: `html`, `md`, `json`, `jsonl`, `csv` or `chrome-trace`; None for what the file's name says.
        transcripts: whether what was said and done goes out, besides the results.
        only_failed: whether only sessions that ended without success go out.
        redact: whether everything is left out that people, models and tools wrote.
        force: whether to replace an existing file.
        home: see `Options`.

    Raises:
        InvalidInput: the form is not known, or the file is there or cannot be written.
        NotFound, Ambiguous: the name is not that of one session.
        StoreError: the store cannot be read.
    """
    target = Path(file)
    wanted = Wanted(
        form=form_of(target, form),
        has_transcripts=transcripts,
        only_failed=only_failed,
        is_redacted=redact,
    )
    environment = read_environment(Path(home) if home else None)
    check_exists(environment)
    settings = (await asyncio.to_thread(find_usable, environment)).settings

    def tell(exported: Exported) -> None:
        _LOG.info("%s: %s", target, described(exported))

    async with open_reader(environment, settings) as reader:
        return await write_export(reader, name, wanted, target, force=force, tell=tell)


@checked
def export(  # noqa: PLR0913 - as `aexport`
    name: Name,
    file: Path | Name,
    *,
    form: ExportFormName | None = None,
    transcripts: bool = True,
    only_failed: bool = False,
    redact: bool = False,
    force: bool = False,
    home: Path | Name | None = None,
) -> Exported:
    """`aexport` for code that is not async; it also works in a running event loop.

        pa.export("launch", "launch.html")

    Parameters, result and errors are those of `aexport`.
    """
    refuse_await()

    async def work(_: asyncio.Event) -> Exported:
        return await aexport(
            name,
            file,
            form=form,
            transcripts=transcripts,
            only_failed=only_failed,
            redact=redact,
            force=force,
            home=home,
        )

    return in_thread(work)


async def write_export(
    reader: Reader,
    name: str,
    wanted: Wanted,
    target: Path,
    *,
    force: bool,
    tell: Callable[[Exported], None],
) -> Exported:
    """Write an export into a file, which appears whole or not at all.

    Args:
        reader: where the sessions are.
        name: the session.
        wanted: what of it goes out.
        target: the file.
        force: whether an existing file is replaced.
        tell: is told what goes out before the file appears.

    Raises:
        InvalidInput: the file is there, or cannot be written.
        NotFound, Ambiguous: the name is not that of one session.
    """
    check_free(target, force=force)
    tree = await read_tree(
        reader.sessions,
        reader.journal,
        name,
        artifacts=artifacts_of(reader),
        only_failed=wanted.only_failed,
    )
    export = Export(tree, wanted, KNOWN.hide)
    with draft_of(target) as draft:
        await _write(draft, export.parts())
        tell(export.exported)
        check_free(target, force=force)
        draft.keep(replace=force)
    return export.exported


def artifacts_of(reader: Reader) -> Callable[[SessionKey], Awaitable[Sequence[Artifact]]]:
    """Lists the artifacts of a tree."""

    async def listed(tree: SessionKey) -> Sequence[Artifact]:
        records = await reader.sharing.artifacts(tree, OUTSIDER).list()
        return [record.artifact for record in records]

    return listed


def form_of(target: Path, form: str | None) -> ExportForm:
    """The form that is asked for, or else the one that the file's name ends in.

    Raises:
        InvalidInput: neither says one, or there is no file.
    """
    if target == Path("-"):
        raise InvalidInput(
            "an export is a file, and '-' names none",
            why="it says what goes out before the file appears",
            hint="name a file, such as export.md",
        )
    check_target(target)
    given = target.suffix.removeprefix(".").lower() if form is None else form
    found = {"markdown": "md", "htm": "html", "ndjson": "jsonl"}.get(given, given)
    if found in [*ExportForm]:
        return ExportForm(found)
    names = [each.value for each in ExportForm]
    raise InvalidInput(
        f"there is no form {given!r} to export" if given else f"{target} does not say a form",
        why=f"an export is {', '.join(names)}",
        hint=did_you_mean(given, names, "Name the file with one of these endings."),
    )


async def _write(draft: Draft, parts: AsyncGenerator[bytes]) -> None:
    """Write the parts by the megabyte, in another thread."""
    waiting = bytearray()
    async for part in parts:
        waiting += part
        if len(waiting) >= _PIECE_BYTES:
            await asyncio.to_thread(draft.write, bytes(waiting))
            waiting.clear()
    await asyncio.to_thread(draft.write, bytes(waiting))
