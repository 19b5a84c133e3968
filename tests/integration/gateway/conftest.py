"""What the tests of the gateway share: one that serves a home on loopback, and maybe a worker of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import pytest

from parallel_agents.app.opening import open_app
from parallel_agents.app.parts import Parts
from parallel_agents.core.owner import Role
from parallel_agents.settings import Environment, Settings
from parallel_agents.surfaces.gateway.access import Tokens, tokens_of
from parallel_agents.surfaces.gateway.gateway import Gateway
from parallel_agents.surfaces.gateway.origins import origins_of
from parallel_agents.surfaces.gateway.serving import application, open_gateway, serve
from parallel_agents.surfaces.http.listening import listen

API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Served:
    """A gateway and a client of it."""

    gateway: Gateway
    tokens: Tokens
    http: aiohttp.ClientSession
    url: str
    environment: Environment
    settings: Settings

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        async with self.http.get(f"{API}{path}", headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def post(self, path: str, body: Mapping[str, object], **headers: str) -> tuple[int, Any]:
        given = {name.replace("_", "-"): text for name, text in headers.items()}
        async with self.http.post(f"{API}{path}", json=body, headers=given) as answer:
            return answer.status, await answer.json(content_type=None)

    def add_greeter(self, instructions: str = "Say hello.") -> None:
        """An agent `greeter` without tools, so that its run is one reply."""
        file = self.environment.home / "agents" / "greeter.md"
        file.parent.mkdir(exist_ok=True)
        about = "---\nname: greeter\ndescription: Greets people.\n---\n"
        file.write_text(f"{about}{instructions}\n")

    @asynccontextmanager
    async def worker(self) -> AsyncGenerator[None]:
        """A worker of the home, in this process."""
        async with open_app(self.environment, self.settings, Parts(role=Role.WORKER)):
            yield


SIMULATED = Settings(model="sim/calm")


class Serving(Protocol):
    """Serves a home, whose runs have a simulated model unless these settings say otherwise."""

    def __call__(self, settings: Settings = ..., /) -> AbstractAsyncContextManager[Served]: ...


@asynccontextmanager
async def serve_home(
    environment: Environment, settings: Settings = SIMULATED
) -> AsyncGenerator[Served]:
    stop = asyncio.Event()
    async with open_gateway(environment, settings) as gateway:
        tokens = tokens_of(environment.home, only_reads=False)
        with listen("127.0.0.1", 0, "--port") as bound:
            port = bound.getsockname()[1]
            app = application(gateway, origins_of("127.0.0.1", port, None), tokens)
            served = asyncio.create_task(serve(gateway, bound, app, stop))
            try:
                async with aiohttp.ClientSession(
                    f"http://127.0.0.1:{port}",
                    headers={"Authorization": f"Bearer {tokens.operate}"},
                    timeout=aiohttp.ClientTimeout(30),
                ) as http:
                    yield Served(
                        gateway, tokens, http, f"http://127.0.0.1:{port}", environment, settings
                    )
            finally:  # or the loop would keep the socket of a test that failed, and the next one hang
                stop.set()
                await served


@pytest.fixture
def serving(tmp_path: Path) -> Serving:
    def start(settings: Settings = SIMULATED) -> AbstractAsyncContextManager[Served]:
        environment = Environment(home=tmp_path / "home", variables={"USER": "ana"})
        return serve_home(environment, settings)

    return start
