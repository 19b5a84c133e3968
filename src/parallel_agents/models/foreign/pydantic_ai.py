"""PydanticAi: any model of the library Pydantic AI, such as those of Bedrock, Vertex, Cohere, Hugging Face.

A model is named as the library names it: `pydantic-ai/bedrock:us.anthropic.claude-sonnet-4-5-20250929-v1:0`.
The library reads keys and regions from the environment itself. Its documents: https://ai.pydantic.dev/models/
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from parallel_agents.core.model import Capabilities, Listener, ModelReply, ModelRequest
from parallel_agents.errors import MissingExtra, RequestRejected
from parallel_agents.extras import install_line
from parallel_agents.models.dialect import Dialect, Structured
from parallel_agents.models.failures import make_failure
from parallel_agents.models.providers import Endpoint, Wire
from parallel_agents.models.reading.usage import estimate_usage, larger_usage
from parallel_agents.models.wires.codec import make_draft, plan_request, taken_ids
from parallel_agents.models.wires.draft import Draft
from parallel_agents.models.wires.ends import check_end, check_text

if TYPE_CHECKING:
    from pydantic_ai.models import Model as Library

PROVIDER = "pydantic-ai"
_DIALECT = Dialect(structured=Structured.PROMPT)


class PydanticAi:
    """A model of the library; a schema is asked for in words, and checked here.

    Args:
        name: `pydantic-ai/` and the library's name for the model.
        make: makes the library's model from its name; by default the library does.
    """

    def __init__(self, name: str, make: Callable[[str], Library] | None = None) -> None:
        self.name = name
        self.capabilities = Capabilities(images=False, pdfs=False)
        self._make = make
        self._model: Library | None = None
        # Errors name it; nothing is sent there.
        self._endpoint = Endpoint(
            provider=PROVIDER, wire=Wire.CHAT, base_url="the library's server"
        )

    async def start(self) -> None:
        """Make the library's model.

        Raises:
            MissingExtra: the library, or what it needs for this model, is not installed.
            RequestRejected: the library knows no such model, or has no key for it.
        """
        if self._model is None:
            model = self._made()
            self._model = await model.__aenter__()

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """Ask for the next message.

        Raises:
            MissingExtra, RequestRejected: as for start.
            ProviderError: the library's error, mapped to one of its classes.
        """
        await self.start()
        assert self._model is not None
        bridge = _bridge()
        show = listener.text if listener is not None and listener.wants_text else None
        draft = make_draft(request, _DIALECT, show)
        asked = bridge.asked(request, plan_request(request, _DIALECT))
        try:
            await bridge.exchange(self._model, asked, draft)
        except bridge.FAILURES as error:
            raise bridge.to_failure(self._endpoint, error) from error
        check_end(draft, self._endpoint)
        return self._reply(request, draft)

    async def aclose(self) -> None:
        """Close the library's connections."""
        model, self._model = self._model, None
        if model is not None:
            await model.__aexit__(None, None, None)

    def _made(self) -> Library:
        bridge = _bridge()
        model_id = self.name.partition("/")[2]
        try:
            return (self._make or bridge.infer)(model_id)
        except ImportError as error:  # the library names what to install for this provider
            raise MissingExtra(
                f"{self.name} needs a package that is not installed",
                why=str(error),
                hint="install the package that the reason names",
            ) from error
        except bridge.UserError as error:
            what = f"cannot make the model {model_id!r}"
            failure = make_failure(RequestRejected, self._endpoint, what, why=str(error))
            failure.hint = "correct the model's name, or set what the reason names"
            raise failure from error

    def _reply(self, request: ModelRequest, draft: Draft) -> ModelReply:
        reply = draft.reply(self.name, taken_ids(request.messages) if draft.has_calls else ())
        check_text(draft, self._endpoint)
        if not reply.is_estimated:
            return reply
        sent, written = orjson.dumps(request.messages), orjson.dumps(reply.message)
        guess = estimate_usage(len(sent), len(written))
        return replace(reply, usage=larger_usage(reply.usage, guess))


def _bridge() -> Any:  # noqa: ANN401 - a module, which needs the library
    """What translates to the library and back.

    Raises:
        MissingExtra: the library is not installed.
    """
    try:
        return importlib.import_module("parallel_agents.models.foreign.pydantic_ai_bridge")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "pydantic_ai":
            raise
        raise MissingExtra(
            "models of Pydantic AI need the extra pydantic-ai",
            hint=install_line("pagents[pydantic-ai]"),
        ) from error
