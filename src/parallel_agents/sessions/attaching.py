"""Attaching: files become artifacts before a session that is shown them is made, or are refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from parallel_agents.core.artifact import Artifact, Contents, check_artifact_name
from parallel_agents.core.attachment import MOST_FILES, MOST_PDF_BYTES, examine
from parallel_agents.core.message import File
from parallel_agents.core.model import Models
from parallel_agents.core.task import Task
from parallel_agents.database_files import open_given
from parallel_agents.errors import InvalidInput
from parallel_agents.models.attaching import check_sees
from parallel_agents.models.pdf_text import check_readable

_T = TypeVar("_T")


class Attacher:
    """Keeps the contents of files, and knows which models can be shown them.

    Args:
        contents: where they are kept.
        models: the models by name.
    """

    def __init__(self, contents: Contents, models: Models) -> None:
        self._contents = contents
        self._models = models

    async def attached(self, task: Task) -> Task:
        """The task with its files as artifacts; files in its input too, where their names replace them.

        Raises:
            InvalidInput: a file cannot be read, or no model takes it.
            ArtifactError: it cannot be kept.
        """
        given = [value for value in task.input.values() if isinstance(value, File)]
        if not given and all(file.artifact for file in task.files):
            return task
        files = await self.keep((*task.files, *given))
        values = {name: _named(value) for name, value in task.input.items()}
        return replace(task, input=values, files=files)

    async def keep(self, files: Sequence[File]) -> tuple[File, ...]:
        """These files as artifacts.

        Raises:
            InvalidInput, ArtifactError: as for `attached`.
        """
        if len(files) > MOST_FILES:
            raise InvalidInput(
                f"{len(files)} files are attached",
                why=f"a request to a model has at most {MOST_FILES}",
                hint="attach fewer, or split the work into several tasks",
            )
        return tuple([file if file.artifact else await self._keep(file) for file in files])

    async def _keep(self, file: File) -> File:
        content = await asyncio.to_thread(_read, Path(file.path))
        return await self.keep_content(content, file.called)

    async def keep_content(self, content: bytes, name: str) -> File:
        """Content as a file of this name.

        Raises:
            InvalidInput, ArtifactError: as for `attached`.
        """
        check_artifact_name(name)
        shape = examine(content, name)
        kept = await asyncio.to_thread(self._contents.put, (content,), MOST_PDF_BYTES)
        artifact = Artifact(id=kept.id, name=name, media_type=shape.media_type, size=kept.size)
        return File(
            name=name,
            artifact=artifact,
            width=shape.width,
            height=shape.height,
            pages=shape.pages,
        )

    def check(self, files: Sequence[File], models: Iterable[str]) -> None:
        """Refuse files that a model cannot be shown, before anything is stored or paid for.

        Raises:
            CannotSee: one of the models sees no images.
            MissingExtra: one takes no PDFs, and nothing here reads their text.
        """
        for name in dict.fromkeys(models) if files else ():
            capabilities = self._models.get(name).capabilities
            for file in files:
                check_sees(name, capabilities, file)
                if not (file.shape.is_image or capabilities.pdfs):
                    check_readable(name, file.called)


def _named(value: _T | File) -> _T | str:
    return value.called if isinstance(value, File) else value


def _read(path: Path) -> bytes:
    """The content of a file; of one too large for any model, only as much as is needed to say so.

    Raises:
        InvalidInput: it cannot be read.
    """
    try:
        with open_given(path) as file:
            return file.read(MOST_PDF_BYTES + 1)
    except OSError as error:
        raise InvalidInput(
            f"the file {path} cannot be read",
            why=error.strerror or str(error),
            hint="name a file that you may read",
        ) from error
