"""Attaching: the files in a conversation as its model takes them, read when a request is built.

A model is sent an image or a PDF as it is, the text of a PDF that it does not take, or a line that says
what is left out; nothing is dropped without a word. What a provider has refused is not sent again, nor
is an earlier file whose content is gone, so that a session with a bad file continues without it.
"""

from __future__ import annotations

import asyncio
import base64
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from parallel_agents.core.attachment import MOST_FILES
from parallel_agents.core.message import File, Message, Part, Role, Text
from parallel_agents.core.model import Capabilities, Listener, Model, ModelReply, ModelRequest
from parallel_agents.errors import ArtifactError, CannotSee, RequestRejected
from parallel_agents.models.pdf_text import text_of_pdf
from parallel_agents.models.wrapped import Wrapped

# Gemini takes 20 MB in a whole request, and others more.
_MOST_CHARACTERS = 19_000_000
_KEPT_CHARACTERS = 64_000_000
_MOST_REFUSED = 1000
_READERS = 2  # of PDFs at once, each a process
_TOO_MANY = "the conversation has more files than one request can have"
_REFUSED = "the provider has refused it"


class FileLoader:
    """The contents of files, as requests have them; the latest are kept.

    Args:
        read: returns the content of an artifact by its id; it blocks.
    """

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._reading: dict[str, asyncio.Task[str]] = {}
        self._places = asyncio.Semaphore(_READERS)
        self._kept: OrderedDict[str, str] = OrderedDict()

    async def encoded(self, file: File) -> str:
        """The content in base64.

        Raises:
            ArtifactError: it is gone or damaged.
        """
        return await self._load(file.id, lambda: self._encoded(file.id))

    async def text(self, file: File) -> str:
        """The text of a PDF.

        Raises:
            ArtifactError: its content is gone or damaged.
            CannotSee: it has none that can be read.
            MissingExtra: what reads it is not installed.
        """
        key = f"text of {file.id}"
        if key in self._kept:
            return await self._load(key, str)
        if key not in self._reading:  # those who want it at the same time wait together
            task = self._reading[key] = asyncio.create_task(self._text(key, file))
            task.add_done_callback(lambda done: self._end_reading(key, done))
        return await asyncio.shield(self._reading[key])

    async def _text(self, key: str, file: File) -> str:
        async with self._places:
            content = await asyncio.to_thread(self._read, file.id)
            return self._keep(key, await text_of_pdf(content, file.called))

    def _end_reading(self, key: str, done: asyncio.Task[str]) -> None:
        del self._reading[key]
        if not done.cancelled():
            done.exception()  # those who wait may have been cancelled

    async def _load(self, key: str, load: Callable[[], str]) -> str:
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        return self._keep(key, await asyncio.to_thread(load))

    def _encoded(self, id: str) -> str:
        return base64.b64encode(self._read(id)).decode("ascii")

    def _keep(self, key: str, value: str) -> str:
        self._kept[key] = value
        while len(self._kept) > 1 and sum(map(len, self._kept.values())) > _KEPT_CHARACTERS:
            self._kept.popitem(last=False)
        return value


class Attaching(Wrapped):
    """Wraps a model outside of what makes the call, and gives each request the files of its messages."""

    def __init__(self, model: Model, loader: FileLoader) -> None:
        super().__init__(model)
        self._loader = loader
        self._refused: dict[str, None] = {}

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """Ask for the next message, with the files that the model takes.

        Raises:
            CannotSee: the model takes no such files.
            ArtifactError: the content of a file of the newest message is gone or damaged.
        """
        positions = list(_positions(request.messages))
        if not positions:
            return await self._model.respond(request, listener)
        files = [file for position in positions for file in request.messages[position].files]
        for file in files:
            check_sees(self.name, self.capabilities, file)
        newest = request.messages[_newest(request.messages)].files
        left_out = self._left_out(files)
        sent = await self._with_files(request, left_out, listener)
        try:
            return await self._model.respond(sent, listener)
        except RequestRejected:
            # Perhaps for a file of an earlier message, which would end every later run as well.
            earlier = sent.files.keys() - {file.id for file in newest}
            if not earlier:
                raise
        without = {**left_out, **dict.fromkeys(earlier, _REFUSED)}
        reply = await self._model.respond(
            await self._with_files(request, without, listener), listener
        )
        self._refuse(earlier)  # it was one of them, since without them the request is taken
        return reply

    def _left_out(self, files: Sequence[File]) -> Mapping[str, str]:
        """Why some of these files are not sent, by their ids; the newest come first."""
        why: dict[str, str] = {}
        size = 0
        newest_first = {file.id: file for file in reversed(files)}
        for count, (id, file) in enumerate(newest_first.items(), start=1):
            size += 0 if file.artifact is None else file.artifact.size * 4 // 3
            if id in self._refused:
                why[id] = _REFUSED
            elif count > MOST_FILES or size > _MOST_CHARACTERS:
                why[id] = _TOO_MANY
        return why

    def _refuse(self, ids: Collection[str]) -> None:
        self._refused.update(dict.fromkeys(ids))
        while len(self._refused) > _MOST_REFUSED:
            del self._refused[next(iter(self._refused))]

    async def _with_files(
        self, request: ModelRequest, left_out: Mapping[str, str], listener: Listener | None
    ) -> ModelRequest:
        contents: dict[str, str] = {}
        unsent = {file.called for m in request.messages for file in m.files if file.id in left_out}
        messages = list(request.messages)
        newest = _newest(messages)
        for position in _positions(messages):
            message = messages[position]
            parts: list[Part] = []
            for part in message.parts:
                if not isinstance(part, File):
                    parts.append(part)
                    continue
                if part.id in left_out:
                    parts.append(_line(part, left_out[part.id]))
                    continue
                try:
                    parts.append(await self._as_taken(part, contents))
                except (ArtifactError, CannotSee) as error:
                    if position == newest:
                        raise  # of an earlier message it would end every later run
                    parts.append(_line(part, error.message))
                    unsent.add(part.called)
            messages[position] = Message(message.role, tuple(parts), message.model)
        if unsent and listener is not None:
            listener.noticed(f"not sent to {self.name}: {', '.join(sorted(unsent))}")
        return replace(request, messages=tuple(messages), files=contents)

    async def _as_taken(self, file: File, contents: dict[str, str]) -> Part:
        """The file, with its content in `contents`, or the text of a PDF that the model does not take.

        Raises:
            CannotSee: the PDF has no text.
            ArtifactError: the content is gone or damaged.
        """
        if file.shape.is_image or self.capabilities.pdfs:
            contents[file.id] = await self._loader.encoded(file)
            return file
        return Text(f"The text of {file.called}:\n{await self._loader.text(file)}\n\n")


def check_sees(model: str, capabilities: Capabilities, file: File) -> None:
    """Refuse a file that a model cannot be shown.

    Raises:
        CannotSee: it sees no images, or nobody has said that it does.
    """
    if not file.shape.is_image or capabilities.images:
        return
    if capabilities.images is None:
        provider, _, name = model.partition("/")
        raise CannotSee(
            f"it is not known whether {model} sees images, such as {file.called}",
            why="neither the presets nor your configuration say so",
            hint=f'if it does, write images = true below [providers.{provider}.models."{name}"] in '
            "config.toml; for a model that your program passes in, set Capabilities(images=True)",
        )
    raise CannotSee(
        f"{model} sees no images, such as {file.called}",
        hint="choose a model that does (--model, in Python model=), or describe the image in words",
    )


def _positions(messages: Sequence[Message]) -> Iterator[int]:
    for position, message in enumerate(messages):  # asked at each call, however long it is
        if message.role is Role.USER and any(type(part) is File for part in message.parts):
            yield position


def _newest(messages: Sequence[Message]) -> int:
    """The position of the last message of a person."""
    return max(position for position, each in enumerate(messages) if each.role is Role.USER)


def _line(file: File, why: str) -> Text:
    return Text(f"(From the runtime: {file} is left out here: {why}.)\n\n")
