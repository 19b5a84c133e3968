"""Top page: the page of a session in a browser, from a gateway that serves this home."""

from __future__ import annotations

import webbrowser
from dataclasses import replace
from urllib.parse import quote

from parallel_agents.app.distant import address_of, open_distant
from parallel_agents.core.ids import SessionKey
from parallel_agents.errors import GatewayUnreachable
from parallel_agents.settings import URL_VARIABLE, Environment
from parallel_agents.surfaces.cli.serve import LOOPBACK, PORT

_HERE = f"http://{LOOPBACK}:{PORT}"


async def page_of(environment: Environment, session: SessionKey) -> str:
    """The address of the session's page, without a token: a browser that was here before has it.

    Raises:
        GatewayUnreachable: no gateway answers.
        NotAuthorized, NotFound: the one that does is of another home.
    """
    variables = {**environment.variables, URL_VARIABLE: environment.gateway or _HERE}
    asked = replace(environment, variables=variables)
    try:
        async with open_distant(asked) as distant:
            row = await distant.sessions.find(session)
    except GatewayUnreachable as error:
        if environment.gateway:
            raise
        raise GatewayUnreachable(
            f"no gateway answers at {_HERE}",
            why="the page is served by one",
            hint="start it in another terminal: pagents serve --open",
        ) from error
    page = "run" if row.run.kind.is_group else "session"
    return f"{address_of(asked).url}/#/{page}/{quote(session, safe='')}"


def open_page(address: str) -> bool:
    """Open an address in a browser with a window of its own; whether there is one.

    A browser in the terminal would take it from what is shown there.
    """
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    return type(browser) is not webbrowser.GenericBrowser and browser.open(address)
