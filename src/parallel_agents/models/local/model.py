"""LocalModel: the embedded model as a Model: fetch the file, start the server, call it over a wire."""

from __future__ import annotations

import importlib.util
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from parallel_agents.core.message import Text
from parallel_agents.core.model import Capabilities, Listener, Model, ModelReply, ModelRequest
from parallel_agents.errors import LocalModelError
from parallel_agents.models.dialect import PLAIN
from parallel_agents.models.http import Http
from parallel_agents.models.local import machine
from parallel_agents.models.local.arranging import Arranger
from parallel_agents.models.local.fetch import Progress, fetch, fetched_file
from parallel_agents.models.local.keeping.kept import CAN_KEEP, KeptServer, place_of
from parallel_agents.models.local.keeping.words import Stamp, stamp_of
from parallel_agents.models.local.known import PROVIDER, find_model
from parallel_agents.models.local.launch import Launch, NotReady
from parallel_agents.models.local.looping import StopsLoops
from parallel_agents.models.local.serving import Lease, OwnServer, Serving
from parallel_agents.models.local.slots import beginnings
from parallel_agents.models.local.sources import Source
from parallel_agents.models.local.supervisor import Server, Supervisor, missing_runtime
from parallel_agents.models.providers import Endpoint, Wire
from parallel_agents.models.schema_tools import SchemaTools
from parallel_agents.models.wires.model import WireModel

LOG_NAME = "local-model.log"
# llama.cpp announces keep-alive but closes the connection after each stream. The next call that took
# the connection from the pool would fail.
_HEADERS = {"Connection": "close"}
LACKS = frozenset({"judgement", "facts", "delegation"})
_RUNTIME = "xllamacpp"
_COMPACT = "Answer with compact JSON on one line."
_JSON_TEMPERATURE, _TEXT_TEMPERATURE = 0.2, 0.7
# A full prompt takes a minute until its first token on two idle cores, and several on busy ones.
_STALL_SECONDS = 600.0


class LocalModel:
    """A model in a child process that starts at the first call; once fetched it needs no network.

    Its answers lack judgement and facts, however good they look.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        file: Path | None = None,
        slots: int | None = None,
        keep_seconds: float = 0.0,
        progress: Callable[[Progress], None],
        sources: Sequence[Source],
    ) -> None:
        """Choose the model; nothing is fetched or started yet.

        Args:
            name: `local` or `local/ALIAS`.
            folder: where model files and the server's log are kept.
            file: a GGUF file of the user, used unchecked instead of the known model.
            slots: parallel calls; None to choose what suits the machine.
            keep_seconds: how long a background process keeps the model loaded after the last call,
                for all processes that use the same folder; 0 to end it with this process.
            progress: called with the progress of a fetch.
            sources: where to fetch from, in this order.

        Raises:
            UnknownModel: `name` is not in the lock file.
        """
        self._known = find_model(name)
        self._folder = folder
        self._file = file
        self._slots = slots or machine.choose_slots(machine.detect())
        self._progress = progress
        self._sources = sources
        self._arranger = Arranger()
        self._http = Http(stall_seconds=_STALL_SECONDS)
        self.name = self._known.model_name if file is None else f"{PROVIDER}/{file.stem}"
        self._serving = self._serve(keep_seconds if CAN_KEEP else 0.0)
        self.capabilities = Capabilities(
            streams_always=True,
            max_parallel=self._slots,
            lacks=LACKS,
            context_tokens=machine.CONTEXT_TOKENS,
            images=False,
            pdfs=False,
        )

    async def start(self) -> None:
        """Fetch and load now, so that it does not use up the deadline of a call.

        Raises:
            LocalModelError: the model cannot be fetched or started here.
            MissingExtra: the runtime is not installed.
        """
        await self.server()

    async def server(self) -> Server:
        """The running server; it is started first if necessary.

        Raises:
            LocalModelError: as for start.
            MissingExtra: as for start.
        """
        return await self._serving.server()

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """Ask for the next message.

        Raises:
            ProviderError: the call failed; if the server died, another try may succeed.
            LocalModelError: as for start.
            MissingExtra: as for start.
        """
        request = self._arranger.arranged(request)
        async with self._serving.lease(beginnings(prompt_of(request))) as lease:
            return await self._at(lease).respond(request, listener)

    async def aclose(self) -> None:
        # In this order: a call in flight notices the child's end, but not the pool's.
        await self._serving.aclose()
        await self._http.aclose()

    def _serve(self, keep_seconds: float) -> Serving:
        log = self._folder / LOG_NAME
        if not keep_seconds:
            return OwnServer(Supervisor(self._prepare, log=log), self._slots)
        place = place_of(self.name, self._folder, log)
        return KeptServer(self._stamp, self._prepare, place=place, seconds=keep_seconds)

    def _stamp(self) -> Stamp | None:
        """Which file is served, and how; None if it must be fetched or checked first."""
        file = self._file or fetched_file(self._known, self._folder)
        if file is None:
            return None
        return stamp_of(file, slots=self._slots, context_tokens=machine.CONTEXT_TOKENS)

    def _at(self, lease: Lease) -> Model:
        server = lease.server
        endpoint = Endpoint(
            provider=PROVIDER,
            wire=Wire.CHAT,
            base_url=server.base_url,
            key=server.key,
            headers=_HEADERS,
            dialect=replace(PLAIN, extra={"id_slot": lease.slot}),
        )
        chat = WireModel(self.name, endpoint, self._http, capabilities=self.capabilities)
        return SchemaTools(SmallModel(StopsLoops(chat)))

    async def _prepare(self) -> Launch:
        if importlib.util.find_spec(_RUNTIME) is None:
            # Checked before a gigabyte is fetched in vain.
            raise missing_runtime(NotReady(error=f"there is no package '{_RUNTIME}'"))
        size = self._known.size_bytes if self._file is None else _size(self._file)
        plan = machine.make_plan(machine.detect(), slots=self._slots, file_bytes=size)
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


def prompt_of(request: ModelRequest) -> str:
    """The texts of a request in the order in which the model reads them."""
    parts = (part for message in request.messages for part in message.parts)
    texts = (part.text for part in parts if isinstance(part, Text))
    return "\n".join((request.system, *texts))


class SmallModel:
    """Wraps a small model and adapts requests to it: sets a temperature, asks for compact JSON."""

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
    """The request with a temperature that suits its kind of answer, unless it sets one.

    When asked for compact JSON, models of this size write a third fewer tokens.
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
            f"the model file '{file}' cannot be read",
            why=str(error),
            hint="correct the setting `local_model_file`, or remove it to use the built-in model",
        ) from error
