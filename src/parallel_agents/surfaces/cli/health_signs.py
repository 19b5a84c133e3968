"""Health signs: what of the work needs a person, in the home of this machine or at a gateway."""

from __future__ import annotations

from parallel_agents.app.reading import open_reader
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.health_look import look
from parallel_agents.views.health import Level, Sign, signs


async def signs_of(context: CliContext) -> list[Sign]:
    """What runs, and what of it needs a person; at a gateway, as its own machine sees it.

    Raises:
        GatewayUnreachable, GatewayMismatch, NotAuthorized: the gateway cannot be asked.
    """
    if context.environment.gateway:
        from parallel_agents.app.distant import open_distant  # noqa: PLC0415 - few ask another machine

        async with open_distant(context.environment) as distant:
            return [
                Sign(
                    about=each.about,
                    level=_level(each.level),
                    text=each.text,
                    hint=each.hint,
                    facts=each.facts,
                )
                for each in await distant.journal.health()
            ]
    async with open_reader(context.environment, context.settings) as reader:
        return signs(await look(context.environment.home, context.settings, reader))


def _level(name: str) -> Level:
    """The level of that name; one that this version does not know needs a person."""
    return next((level for level in Level if level.value == name), Level.PROBLEM)
