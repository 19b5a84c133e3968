"""Map routes: one agent over rows that are sent, with their results as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import orjson
from pydantic import Field, JsonValue
from typing_extensions import TypedDict

from parallel_agents.app.asked_map import AskedMap, CheckedMap, Notation
from parallel_agents.app.map_price import price_map
from parallel_agents.app.sent_maps import SentMaps
from parallel_agents.core.ids import RunId, SessionKey, make_flow_key, make_name
from parallel_agents.core.pricing import MissingKeys, pricing
from parallel_agents.core.usage import NANOUSD_PER_USD
from parallel_agents.errors import Conflict, InvalidInput, NotFound, PagentsError
from parallel_agents.maps.request import MAP, MapRequest
from parallel_agents.sessions.requests import check_key
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import MOST_NUMBER, Given
from parallel_agents.surfaces.gateway.map_bodies import MapBody, RowsBody
from parallel_agents.surfaces.gateway.replies import Document
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.surfaces.gateway.verb_routes import check_key_given
from parallel_agents.surfaces.work_price import likely_of_map
from parallel_agents.views.documents import Money, money_json

_Name = Annotated[str, Field(max_length=500)]
_LOOK_SECONDS = 0.25
_PAGE_BYTES, _MOST_LINE = 1_000_000, 33_000_000
_HOW = Notation("give", "`text`: '{}'", '`inputs`: {{"{}": "{}"}}')


class RowsDocument(TypedDict):
    """How many bytes of the rows are there."""

    bytes: int


class BegunMapDocument(TypedDict):
    """A map and its run; `has_rows` says whether the run does these rows, or those it was begun with.

    `done_before` is how many of the rows were done already, and `notes` tell what to know before anything is paid for, such as that no row that is done is among these.
    """

    key: str
    session_key: SessionKey
    run_id: RunId
    is_new: bool
    kept: list[str]
    has_new_budget: bool
    rows: int
    model: str
    has_rows: bool
    done_before: int
    notes: list[str]
    warning: str


class FirstDocument(TypedDict):
    """What is asked for the first row."""

    text: str
    input: dict[str, JsonValue]


class PricedMapDocument(TypedDict):
    """What the rows of a map would cost, and the calls that combine their results; what is done costs nothing.

    A map that `is_closed` was killed: asked for again it only shows its results.
    `worst_case_usd` and `worst_case_tokens` are the most that all of it costs: what is left of its budget if
    that bounds it, as `is_worst_budget` says, or else all calls that its runs may make with a full context.
    `notes` say what would lower it much, and `notes_on_rows` what else to know before anything is paid for.
    `missing_keys` are not set here, and the map cannot begin without them.
    """

    rows: int
    done: int
    would_run: int
    calls: int
    reduce_calls: int
    is_closed: bool
    agent: str
    model: str
    first: FirstDocument
    first_calls_at_most: Money | None
    tokens_at_most: int
    is_exact: bool
    likely: Money | None
    from_runs: int
    worst_case_usd: float | None
    worst_case_tokens: int | None
    is_worst_budget: bool
    notes: list[str]
    missing_keys: list[str]
    notes_on_rows: list[str]


class MapResultsDocument(TypedDict):
    """Lines of the results of a run, in the order of the rows; `after` is where the next ones begin.

    `is_over` says that the run has ended and that these are the last ones.
    """

    run_id: RunId
    status: str
    text: str
    after: int
    is_over: bool
    cost: Money | None


class ResultsQuery(Given):
    """Which results."""

    run: _Name = ""
    """The run; by default the latest one."""
    after: int = Field(default=0, ge=0, le=MOST_NUMBER)
    """How many bytes of them are known."""
    wait: float = Field(default=0.0, ge=0, le=25)
    """Wait at most so many seconds for more."""


async def add_rows(call: Call, given: RowsBody) -> Document:
    """Keep some of the rows of a map, until it is begun; the same again changes nothing."""
    maps, content = _maps(call), given.lines.encode()
    size = await asyncio.to_thread(maps.add, call.name, given.upload, given.first, content)
    value: RowsDocument = {"bytes": size}
    return Document(value=value)


async def begin(call: Call, given: MapBody) -> Document:
    """Have an agent do each row; with a key that was used before, continue that map."""
    check_key_given(given.key)
    maps = _maps(call)
    async with call.gateway.mapping:
        name, asked, checked = await _checked(call, maps, given)
        await call.client.sessions.plan_task(checked.first.task)
        begun = await maps.begin(call.client, asked, checked, call.verbs, given.tags)
    spawned = begun.spawned
    (row,) = await call.client.sessions.rows_of([spawned.run_id])
    value: BegunMapDocument = {
        "key": name,
        "session_key": row.session.key,
        "run_id": spawned.run_id,
        "is_new": spawned.is_new,
        "kept": list(spawned.kept),
        "has_new_budget": spawned.has_new_budget,
        "rows": checked.rows,
        "model": (await call.client.sessions.plan_task(checked.first.task)).model,
        "has_rows": begun.has_rows,
        "done_before": checked.done_before,
        "notes": list(checked.notes),
        "warning": await call.client.hand_to_worker(),
    }
    return Document(value=value)


async def price(call: Call, given: MapBody) -> Document:
    """Say what the rows would cost; nothing is begun, and what was sent for that alone is forgotten."""
    with pricing() as missing:
        return await _priced(call, given, missing)


async def _priced(call: Call, given: MapBody, missing: MissingKeys) -> Document:
    maps = _maps(call)
    name, asked, checked = await _checked(call, maps, given)
    try:
        found = await price_map(call.client, name, checked, asked.budget)
    finally:
        upload = Path(checked.request.source.paths[0]).stem
        async with call.gateway.mapping:
            await maps.drop_unless_begun(call.client, name, upload)
    agent = checked.first.task.agent_name
    likely = await likely_of_map(call.client, agent, checked.request.reduce, found)
    expected = likely.spend
    most = None if found.nanousd is None else found.nanousd / NANOUSD_PER_USD
    value: PricedMapDocument = {
        "rows": checked.rows,
        "done": found.done,
        "would_run": found.rows,
        "calls": found.calls,
        "reduce_calls": found.reduce_calls,
        "is_closed": found.is_closed,
        "agent": checked.request.agent,
        "model": found.model,
        "first": {"text": checked.first.task.text, "input": _json(checked.first.task.values)},
        "first_calls_at_most": money_json(most),
        "tokens_at_most": found.tokens,
        "is_exact": found.is_exact,
        "likely": None
        if expected is None or expected.cost_usd is None
        else money_json(expected.cost_usd + expected.simulated_usd),
        "from_runs": likely.runs,
        "worst_case_usd": found.worst_usd,
        "worst_case_tokens": found.worst_tokens,
        "is_worst_budget": found.is_worst_budget,
        "notes": list(found.notes),
        "missing_keys": list(missing.names),
        "notes_on_rows": list(checked.notes),
    }
    return Document(value=value)


async def results(call: Call, given: ResultsQuery) -> Document:
    """Lines of the results of a map, as far as its rows have been done in their order."""
    client = call.client
    row = await client.sessions.find(make_flow_key(MAP, call.name))
    run = RunId(given.run) if given.run else row.run.id
    out = await _out(call, row.session.key, run)
    if run != row.run.id and not await asyncio.to_thread(out.exists):
        raise Conflict(
            f"another run of the map {call.name} was begun",
            why="only the results of the latest ones are here",
            hint="ask for the map again with the same key: what is done is not paid for again",
        )
    loop = asyncio.get_running_loop()
    until = loop.time() + given.wait
    while True:
        # Whether it has ended comes first: what it wrote before that is in the file then.
        (row,) = await client.sessions.rows_of([run])
        text = await asyncio.to_thread(_lines, out, given.after)
        left = until - loop.time()
        if text or row.run.status.is_over or left <= 0:
            break
        await asyncio.sleep(min(_LOOK_SECONDS, left))
    after = given.after + len(text)
    spend = await client.sessions.spent_below(run)
    cost = None if spend.cost_usd is None else spend.cost_usd + spend.simulated_usd
    value: MapResultsDocument = {
        "run_id": run,
        "status": row.run.status.value,
        "text": text.decode("utf-8", "replace"),
        "after": after,
        "is_over": row.run.status.is_over and not await asyncio.to_thread(_lines, out, after),
        "cost": money_json(cost),
    }
    return Document(value=value)


async def _checked(call: Call, maps: SentMaps, given: MapBody) -> tuple[str, AskedMap, CheckedMap]:
    """The map that is asked for, with all rows checked.

    Raises:
        UnknownAgent, InvalidInput, BatchRefused, Conflict: it cannot be begun.
    """
    call.client.catalog.forget()  # the gateway may be older than the files
    for agent in filter(None, (given.agent, given.reduce)):
        call.client.catalog.agent(agent)  # a name of the catalog, of which no path is made
    name = given.key or _named(call.key) or make_name()
    check_key(name)
    upload = await _upload(maps, name, given)
    rows, out = maps.rows_of(name, upload), maps.out_of(name, upload, is_csv=given.form == "csv")
    try:
        request = given.request(rows, out)
        asked = AskedMap(
            name, request, given.templates, given.model, given.max_parallel, given.budget, _HOW
        )
        return name, asked, await asked.checked(call.client)
    except PagentsError:
        await maps.drop_unless_begun(call.client, name, upload)
        raise


async def _upload(maps: SentMaps, name: str, given: MapBody) -> str:
    """The name of the rows that are there now, all of them.

    Raises:
        InvalidInput: there are none, they are given twice, or not all are there.
    """
    if (given.rows is None) is (not given.upload):
        raise InvalidInput(
            "nothing says which rows, or two things do",
            hint="give `rows`, or send them to /maps/KEY/rows, and give `upload` and `sha256`",
        )
    if given.rows is None:
        await asyncio.to_thread(maps.complete, name, given.upload, given.sha256)
        return given.upload
    upload, content = uuid4().hex, b"".join(orjson.dumps(row) + b"\n" for row in given.rows)
    await asyncio.to_thread(maps.add, name, upload, 0, content)
    await asyncio.to_thread(maps.complete, name, upload, sha256(content).hexdigest())
    return upload


def _named(key: str) -> str:
    """The name of a map for the key of a request, which may be of any form."""
    return sha256(key.encode()).hexdigest()[:16] if key else ""


async def _out(call: Call, session: SessionKey, run: RunId) -> Path:
    """The file of results of a run.

    Raises:
        NotFound: the rows of the map are files of this machine, and so are its results.
    """
    events = await call.client.journal.events(session=session, kinds={"queued"})
    flows = [getattr(each.body, "flow", None) for each in events if each.run == run]
    out = MapRequest.of(flows[-1]).out if flows and flows[-1] is not None else ""
    if not _maps(call).has(Path(out)):
        raise NotFound(
            f"the results of the map {call.name} are not kept for other machines",
            why="it was begun on the machine of the gateway, which has the file of its results",
            hint=f"`pagents show {call.name}` there names it",
        )
    return Path(out)


def _lines(out: Path, after: int) -> bytes:
    """Whole lines of a file from a place on; nothing if there are none yet."""
    try:
        with out.open("rb") as file:
            file.seek(after)
            part = file.read(_PAGE_BYTES)
            if b"\n" not in part:
                part += file.readline(_MOST_LINE)
    except FileNotFoundError:
        return b""
    return part[: part.rfind(b"\n") + 1]


def _json(values: Mapping[str, object]) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = orjson.loads(orjson.dumps(values, default=str))
    return found


def _maps(call: Call) -> SentMaps:
    return SentMaps(call.gateway.environment.home)


ROUTES = (
    Route(
        method="POST",
        path="/maps/{name}/rows",
        name="addRows",
        does="Keep some of the rows of a map until it is begun.",
        takes=RowsBody,
        gives=RowsDocument,
        form=Form.DOCUMENT,
        answer=handled(RowsBody, add_rows),
    ),
    Route(
        method="POST",
        path="/maps",
        name="beginMap",
        does="Have an agent do each of many rows. A background worker executes it.",
        takes=MapBody,
        gives=BegunMapDocument,
        form=Form.DOCUMENT,
        answer=handled(MapBody, begin),
        is_named_by_key=True,
    ),
    Route(
        method="POST",
        path="/price/map",
        name="priceMap",
        does="Say what the rows of a map would cost, and begin nothing.",
        takes=MapBody,
        gives=PricedMapDocument,
        form=Form.DOCUMENT,
        answer=handled(MapBody, price),
    ),
    Route(
        method="GET",
        path="/maps/{name}/results",
        name="mapResults",
        does="The results of a map, as far as its rows have been done in their order.",
        takes=ResultsQuery,
        gives=MapResultsDocument,
        form=Form.DOCUMENT,
        answer=handled(ResultsQuery, results),
    ),
)
