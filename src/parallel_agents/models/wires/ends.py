"""Ends: refuses a reply that is not known to be complete, or to be cut where it says."""

from __future__ import annotations

from parallel_agents.errors import MalformedReply, ModelRefused, ModelSlipped, StreamCut
from parallel_agents.models.failures import make_failure
from parallel_agents.models.providers import Endpoint
from parallel_agents.models.reading.finish import End
from parallel_agents.models.wires.draft import Draft

_SHOWN = 200


def check_end(draft: Draft, endpoint: Endpoint) -> None:
    """Refuse a reply whose end is a refusal, a failure, a slip, or not known.

    Raises:
        ProviderError: the class tells which.
    """
    if draft.refusal:
        raise make_failure(ModelRefused, endpoint, f"refused: {draft.refusal}")
    said = f"ended its reply with the reason {draft.reason!r}"
    match draft.end:
        case End.REFUSED:
            kind, what = ModelRefused, f"refused: its reply ended with the reason {draft.reason!r}"
        case End.FAILED:
            kind, what = StreamCut, f"{said}: it broke off"
        case End.SLIP:
            kind, what = ModelSlipped, f"{said}: the model's call could not be read"
        case End.TOOLS if not draft.has_call():
            kind, what = ModelSlipped, f"{said}, but it asks for no call"
        case End.UNKNOWN:
            kind = MalformedReply
            what = f"{said}, which is not known to mean that it is complete"
        case _:
            return
    raise make_failure(kind, endpoint, what)


def check_text(draft: Draft, endpoint: Endpoint) -> None:
    """Refuse a reply whose text holds a call that could not be read: it is not an answer.

    Raises:
        ModelSlipped: there is such a call.
    """
    if draft.unread:
        what = "left a tool call in the text of its reply, and the call could not be read"
        shown = draft.unread[:_SHOWN] + ("..." if len(draft.unread) > _SHOWN else "")
        raise make_failure(ModelSlipped, endpoint, what, why=f"the text is: {shown}")
