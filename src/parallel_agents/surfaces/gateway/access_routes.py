"""Access routes: what the token of a request may do, and what the day may still cost."""

from __future__ import annotations

from typing_extensions import TypedDict

from parallel_agents.surfaces.gateway.access import Access
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import Nothing
from parallel_agents.surfaces.gateway.guard import OPERATE
from parallel_agents.surfaces.gateway.replies import Document
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.views import format
from parallel_agents.views.run_documents import BudgetDocument, budget_json


class AccessDocument(TypedDict):
    """What a token may do: `operate` or `read`; `hint` says how to do more, and is empty for who may do all.

    `day` is the budget of the UTC day, and null if nothing limits it.
    """

    as_of: str | None
    access: str
    hint: str
    day: BudgetDocument | None


async def access(call: Call, _: Nothing) -> Document:
    """What the token of this request may do, and the budget of the day."""
    now = call.client.now()
    vitals = await call.client.journal.vitals(since=now)
    may_operate = call.actor.access is Access.OPERATE
    value: AccessDocument = {
        "as_of": format.iso(now),
        "access": call.actor.access.value,
        "hint": "" if may_operate else OPERATE,
        "day": None if vitals.day is None else budget_json(vitals.day),
    }
    return Document(value=value)


ROUTES = (
    Route(
        method="GET",
        path="/access",
        name="access",
        does="What the token of this request may do, and the budget of the day.",
        takes=Nothing,
        gives=AccessDocument,
        form=Form.DOCUMENT,
        answer=handled(Nothing, access),
    ),
)
