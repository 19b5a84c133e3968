"""View routes: costs, decisions, health and limits."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, JsonValue
from typing_extensions import TypedDict

from parallel_agents.core.ids import SessionKey
from parallel_agents.core.rates import NO_LIMIT, RateLimit
from parallel_agents.core.tags import check_tags
from parallel_agents.core.throttle import Throttle, name_of_agent
from parallel_agents.errors import InvalidInput
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.providers import Provider
from parallel_agents.surfaces.gateway.bodies import LimitBody
from parallel_agents.surfaces.gateway.gateway import Call, Gateway
from parallel_agents.surfaces.gateway.given import (
    MOST_ITEMS,
    MOST_NUMBER,
    USUAL_ITEMS,
    Given,
    Nothing,
    PageQuery,
)
from parallel_agents.surfaces.gateway.replies import Document, Page
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.surfaces.health_look import look, sign_json
from parallel_agents.views import format
from parallel_agents.views.cost_documents import CostsDocument, costs_json
from parallel_agents.views.costs import By
from parallel_agents.views.decisions import decisions_after, last_decisions
from parallel_agents.views.documents import DecisionDocument, decision_json
from parallel_agents.views.health import Level, signs
from parallel_agents.views.limits import (
    LimitDocument,
    LimitLine,
    check_limited_agent,
    limit_json,
    limit_lines,
    limited_name,
)
from parallel_agents.views.since import parse_since


class WithinQuery(Given):
    """Which work."""

    within: str = Field(default="", max_length=500, alias="in")
    """Only this session and what it spawned."""
    since: str = Field(default="", max_length=40)
    """Only since then, such as `2h`."""


class CostQuery(WithinQuery):
    """Which costs, and what to add them up by."""

    by: By = By.AGENT
    """What to add up by."""
    tag: str = Field(default="", max_length=200)
    """Only work with this tag."""


class HealthDocument(TypedDict):
    """What runs, and what of it needs a person; each sign has its own facts besides its text."""

    as_of: str | None
    needs_you: bool
    signs: list[dict[str, JsonValue]]


async def _tree(call: Call, name: str) -> SessionKey | None:
    return (await call.client.sessions.find(name)).session.key if name else None


async def cost(call: Call, given: CostQuery) -> Document:
    """What accepted results cost, failed attempts included."""
    journal = call.client.journal
    tag = given.tag or None
    check_tags(() if tag is None else (tag,))
    tree = await _tree(call, given.within)
    since = parse_since(given.since or None, call.client.now(), "since")
    costs = await journal.costs(tree=tree, since=since, tag=tag)
    unanswered = await journal.count_unanswered(tree=tree, since=since, tag=tag)
    return Document(value=costs_json(costs, given.by, unanswered))


class AuditQuery(WithinQuery):
    """Which decisions."""

    after: int | None = Field(default=None, ge=0, le=MOST_NUMBER)
    """The first ones after this event; without it, the last ones."""
    before: int | None = Field(default=None, ge=1, le=MOST_NUMBER)
    """The last ones before this event."""
    limit: int = Field(default=USUAL_ITEMS, ge=1, le=MOST_ITEMS)
    """How many to return at most."""


async def audit(call: Call, given: AuditQuery) -> Page:
    """Who decided what and why, oldest first."""
    if given.after is not None and given.before is not None:
        raise InvalidInput("after and before cannot be used together", hint="leave one out")
    journal, limit = call.client.journal, given.limit
    tree = await _tree(call, given.within)
    since = parse_since(given.since or None, call.client.now(), "since") or 0.0
    if given.after is None:
        found = await last_decisions(journal, given.before, tree=tree, most=limit, since=since)
    else:
        found = await decisions_after(journal, given.after, tree=tree, most=limit, since=since)
    return Page(
        schema="audit",
        items=[decision_json(each, found.origins) for each in found.decisions],
        as_of=call.client.now(),
        last=str(found.decisions[-1].event.seq) if found.later else "",
        more={"earlier_events": found.earlier, "later_events": found.later},
    )


async def health(call: Call, _: Nothing) -> Document:
    """What runs, and what of it needs a person."""
    return Document(value=await health_document(call.gateway))


async def health_document(gateway: Gateway) -> Mapping[str, object]:
    """The signs of health, as a document."""
    client = gateway.client
    seen = await look(gateway.environment.home, client.settings, client)
    found = signs(seen)
    return {
        "as_of": format.iso(seen.now),
        "needs_you": any(sign.level is Level.PROBLEM for sign in found),
        "signs": [sign_json(sign) for sign in found],
    }


def _providers(call: Call) -> Mapping[str, Provider]:
    return read_providers(call.client.settings.providers)


async def limits(call: Call, given: PageQuery) -> Page:
    """The models that have a limit or were refused calls, and agents whose runs failed."""
    now = call.client.now()
    lines = limit_lines(await call.client.limits.throttles(), _providers(call), now)
    names = [line.throttle.model for line in lines]
    start = next((n for n, name in enumerate(names) if name > given.after), len(names))
    start = start if given.after else 0
    part = lines[start : start + given.limit]
    return Page(
        schema="limits",
        items=[limit_json(line, now) for line in part],
        as_of=now,
        last=part[-1].throttle.model if start + len(part) < len(lines) else "",
        total=len(lines),
    )


async def set_limit(call: Call, given: LimitBody) -> Document:
    """Set how fast a model may be called by all processes, from now on."""
    model = limited_name(call.names["model"], call.client.models)
    if name_of_agent(model):
        raise InvalidInput(f"{model} is an agent, and agents have no limits", hint="name a model")
    asked = RateLimit(
        requests_per_minute=given.requests_per_minute, tokens_per_minute=given.tokens_per_minute
    )
    if not asked.is_bound:
        raise InvalidInput(
            "nothing is set", hint="give requests_per_minute, tokens_per_minute or both"
        )
    return _limit(call, await call.client.limits.set_limit(model, asked))


async def reset_limit(call: Call, _: Nothing) -> Document:
    """Forget what was set and learned for a model, or let an agent that kept failing run again."""
    client = call.client
    model = limited_name(call.names["model"], client.models)
    client.catalog.forget()  # the gateway may be older than the files
    check_limited_agent(model, await client.limits.throttles(), client.catalog.agent_names())
    return _limit(call, await client.limits.reset_limit(model))


def _limit(call: Call, kept: Throttle) -> Document:
    now = call.client.now()
    lines = limit_lines([kept], _providers(call), now, only=kept.model)
    line = lines[0] if lines else LimitLine(kept, NO_LIMIT, "-")
    return Document(value=limit_json(line, now))


ROUTES = (
    Route(
        method="GET",
        path="/cost",
        name="cost",
        does="What accepted results cost, failed attempts included.",
        takes=CostQuery,
        gives=CostsDocument,
        form=Form.DOCUMENT,
        answer=handled(CostQuery, cost),
    ),
    Route(
        method="GET",
        path="/audit",
        name="audit",
        does="Who decided what and why, oldest first.",
        takes=AuditQuery,
        gives=DecisionDocument,
        form=Form.PAGE,
        answer=handled(AuditQuery, audit),
    ),
    Route(
        method="GET",
        path="/health",
        name="health",
        does="What runs, and what of it needs a person.",
        takes=Nothing,
        gives=HealthDocument,
        form=Form.DOCUMENT,
        answer=handled(Nothing, health),
    ),
    Route(
        method="GET",
        path="/limits",
        name="limits",
        does="How fast models may be called, and what holds calls back.",
        takes=PageQuery,
        gives=LimitDocument,
        form=Form.PAGE,
        answer=handled(PageQuery, limits),
    ),
    Route(
        method="PUT",
        path="/limits/{model}",
        name="setLimit",
        does="Set how fast a model may be called by all processes, from now on.",
        takes=LimitBody,
        gives=LimitDocument,
        form=Form.DOCUMENT,
        answer=handled(LimitBody, set_limit),
    ),
    Route(
        method="DELETE",
        path="/limits/{model}",
        name="resetLimit",
        does="Forget the limits that were set for a model or agent, and what was learned of it.",
        takes=Nothing,
        gives=LimitDocument,
        form=Form.DOCUMENT,
        answer=handled(Nothing, reset_limit),
    ),
)
