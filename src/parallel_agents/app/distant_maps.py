"""Distant maps: the rows of this machine done by the agents of a gateway, and their results brought back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from parallel_agents.app.asked_map import AskedMap, no_text
from parallel_agents.app.distant import Distant
from parallel_agents.app.own_rows import is_of_others, is_replaced, told_of_others
from parallel_agents.app.received_file import ReceivedFile, is_of_map
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import SessionKey, make_flow_key
from parallel_agents.core.limits import Limits
from parallel_agents.core.run import Result
from parallel_agents.core.usage import NANOUSD_PER_USD
from parallel_agents.errors import InvalidInput
from parallel_agents.gateway_client.bodies import budget_body, gates_body, given_of
from parallel_agents.gateway_client.forms import BegunMapForm, PricedMapForm
from parallel_agents.gateway_client.refusals import not_at_distance
from parallel_agents.maps.checking import no_rows
from parallel_agents.maps.request import MAP
from parallel_agents.maps.results_file import CSV_SUFFIX
from parallel_agents.maps.sending import Sending

_NO_BYTES = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


class MapNow(NamedTuple):
    """How far a map at a distance is.

    Attributes:
        cost_usd: what it has cost so far; None if a price is unknown.
    """

    rows: int
    received: int
    cost_usd: float | None


def _nobody(_: MapNow) -> None:
    return None


async def begin_map(
    distant: Distant, asked: AskedMap, tags: Sequence[str], out: Path | None
) -> BegunMapForm:
    """Send the rows of a map, and have a worker of the gateway do them; its live run is found again.

    Args:
        distant: the gateway.
        asked: the map.
        tags: words by which costs are told.
        out: the file of this machine that its results will be written to; None for none.

    Raises:
        InvalidInput: the rows, the inputs or the file of results are not valid.
        NotAtDistance: it has what a gateway does not take.
        PagentsError: what the gateway says.
    """
    if out is not None:
        await _check_out(distant, asked.name, out)
    return await distant.maps.begin(await _body(distant, asked, tags))


async def result_of_own_map(
    distant: Distant,
    begin: Callable[[], Awaitable[BegunMapForm]],
    receive: Callable[[BegunMapForm], Awaitable[Result]],
    tell: Callable[[str], None],
) -> Result:
    """What a map came to, on the rows that are asked for.

    While it is at work on other rows, or is done on others instead, that is waited for first.

    Args:
        distant: the gateway.
        begin: begins the map, each time with all that is asked for.
        receive: receives its results.
        tell: is told that there is something to wait for.

    Raises:
        PagentsError: as from `begin` and `receive`.
    """
    sessions = distant.sessions
    while True:
        begun = await begin()
        if await is_of_others(sessions, begun.run_id, begun.kept):
            tell(told_of_others(begun.kept))
        else:
            result = await receive(begun)
            if not is_replaced(result):
                return result
            tell(told_of_others(["rows"]))
        row = await sessions.find(begun.session_key)
        await sessions.wait([row.run.id])


async def price_map_at_distance(distant: Distant, asked: AskedMap) -> PricedMapForm:
    """What the rows of a map would cost at the gateway, which forgets them then.

    Raises:
        PagentsError: as when it is begun.
    """
    return await distant.maps.price(await _body(distant, asked, ()))


async def receive_map(
    distant: Distant,
    begun: BegunMapForm,
    out: Path | None,
    tell: Callable[[MapNow], None] = _nobody,
    echo: Callable[[bytes], None] | None = None,
) -> Result:
    """Write the results of a map into a file of this machine as they come; what it came to in the end.

    Args:
        distant: the gateway.
        begun: the map.
        out: the file; None for none.
        tell: is told how far it is.
        echo: gets each part of the results.

    Raises:
        InvalidInput: the file cannot be written.
        GatewayUnreachable: the gateway is away for longer than a minute; the map continues.
    """
    received = 0
    with ReceivedFile(out) as file:
        async for part in distant.maps.results(begun.key, begun.run_id):
            text = part.text.encode()
            cost = None if part.cost is None else part.cost.nanousd / NANOUSD_PER_USD
            file.write(text)
            if echo is not None:
                echo(text)
            received += text.count(b"\n")
            tell(MapNow(begun.rows, received, cost))
    (result,) = await distant.sessions.wait([begun.run_id])
    return result


async def _body(distant: Distant, asked: AskedMap, tags: Sequence[str]) -> dict[str, object]:
    """The map as the gateway takes it, once its rows were sent."""
    request = asked.request
    found = asked.read_inputs(await distant.sessions.input_schema(request.agent))
    if not request.text and not found.texts:
        raise no_text(asked.how.hint(request.source))
    if request.limits != Limits(timeout_seconds=request.limits.timeout_seconds):
        raise not_at_distance("a map with limits other than its time limit")
    gates = gates_body(request.gates, request.refine)
    sending = Sending.of(request, request.text, found.texts)
    sent = await distant.maps.send(asked.name, sending.lines())
    if sent.digest == _NO_BYTES:
        raise no_rows(request)
    return given_of(
        {
            "key": asked.name,
            "agent": request.agent,
            "text": sending.text,
            "inputs": {**sending.inputs},
            "values": {**found.literals},
            "added": found.added,
            "upload": sent.upload,
            "sha256": sent.digest,
            "title": request.source.name,
            "by": request.key,
            "label": sending.label,
            "known": sending.known,
            "hidden": sending.hidden,
            "form": "csv" if Path(request.out).suffix.lower() == CSV_SUFFIX else "jsonl",
            "model": asked.model,
            "max_parallel": asked.max_parallel,
            "timeout_seconds": request.limits.timeout_seconds,
            "cache_seconds": request.cache_seconds,
            "batch": request.batch,
            "on_failure": request.on_failure.value,
            "reduce": request.reduce,
            "reduce_text": request.reduce_text,
            "tags": [*tags],
            **gates,
            **budget_body(asked.budget),
        }
    )


async def _check_out(distant: Distant, name: str, out: Path) -> None:
    """Refuse a file that has something else than results of this map.

    Raises:
        InvalidInput: it has; its content would be replaced.
    """
    session = SessionKey(make_flow_key(MAP, name))
    is_there = bool(await distant.sessions.list(Filter(session=session)))
    if not is_of_map(out, is_there=is_there):
        raise InvalidInput(
            f"the file {out} exists, and is not known to be of the map {name}",
            why="the results would replace what is there",
            hint="name another file, or remove this one; the id or key of an earlier map continues it",
        )
