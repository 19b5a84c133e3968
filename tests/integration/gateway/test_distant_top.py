"""The live terminal over a gateway: it says whether that answers."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from textual.widgets import Static

from parallel_agents.settings import Environment, Settings
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.top_app import TopApp
from tests.integration.other_processes import until

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Serving


def head(app: TopApp) -> str:
    return str(app.query_one("#head", Static).content)


async def test_it_says_when_the_gateway_answers_no_more(serving: Serving, tmp_path: Path) -> None:
    async with AsyncExitStack() as screen:
        async with serving() as served:
            variables = {
                "PARALLEL_AGENTS_URL": served.url,
                "PARALLEL_AGENTS_TOKEN": served.tokens.operate,
            }
            environment = Environment(home=tmp_path / "other", variables=variables)
            app = TopApp(CliContext(environment, Settings()))
            await screen.enter_async_context(app.run_test(size=(120, 24)))
            await until(lambda: head(app).endswith("live"))

        await until(lambda: "reconnecting, as of " in head(app))
