"""`sessions_send`: a message to another session, and its reply where it comes in time.

A message starts at most one run of its target. What that run answers comes back as the result of
the call and starts nothing, so two sessions never go on answering each other by themselves.
"""

from __future__ import annotations

from enum import StrEnum

from parallel_agents.core.event import SteerMode
from parallel_agents.core.ids import RunId, is_team_key
from parallel_agents.core.run import RunStatus
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.store import Filter, Row
from parallel_agents.errors import RunIsOver
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Backing, Requester
from parallel_agents.session_tools.results import settled

_WAIT_SECONDS = 30


class _Mode(StrEnum):
    AUTO = "auto"
    NOTIFY = "notify"
    STEER = "steer"
    FOLLOWUP = "followup"
    RESUME = "resume"


async def send(backing: Backing, requester: Requester, arguments: Arguments) -> JsonObject:
    """Steer the live run, or start the next one and wait for its answer."""
    message = arguments.text("message")
    if not message:
        raise Refusal("message required")
    row = await _target(backing, requester, arguments)
    if row.session.key == requester.session:
        raise Refusal("sessions_send cannot target the calling session; use your own reply instead")
    if is_team_key(row.session.key):
        raise Refusal(
            f"{row.session.label} is a team, and reads no messages; name one of its agents"
        )
    mode = arguments.choice("mode", _Mode, _Mode.AUTO)
    seconds = arguments.whole("timeoutSeconds")
    text = _signed(message, requester, await backing.row_of(requester))
    is_live = not row.run.status.is_over
    if is_live and (mode is _Mode.STEER or await _waits_for(backing, row, requester)):
        return await _steer(backing, row, text)
    match mode:
        case _Mode.STEER:
            raise Refusal(
                "Target has no active run that accepts steering. "
                "Use mode=followup to start a new turn."
            )
        case _Mode.NOTIFY:
            return await _notify(backing, row, text)
        case _Mode.AUTO | _Mode.FOLLOWUP | _Mode.RESUME:
            wait = _WAIT_SECONDS if seconds is None else seconds
            return await _follow_up(backing, requester, row, text, wait)


async def _target(backing: Backing, requester: Requester, arguments: Arguments) -> Row:
    for name in ("sessionKey", "label"):
        if given := arguments.text(name):
            try:
                return await backing.find(given, requester)
            except Refusal as refusal:
                if name == "label" and refusal.answer["status"] == "error":
                    raise Refusal(f"No session found with label: {given}") from None
                raise
    if agent := arguments.text("agentId"):
        own = await backing.row_of(requester)
        rows = await backing.sessions.list(Filter(tree=own.session.root) if own else None)
        found = [row for row in rows if row.session.agent.name == agent]
        if not found:
            raise Refusal(f'Agent "{agent}" not found: no session of it is here')
        return found[0]
    raise Refusal("Either sessionKey or label is required")


def _signed(message: str, requester: Requester, own: Row | None) -> str:
    """The message with who sent it, so that a model does not take it for its user's word."""
    if own is None:
        return message
    return f"[Message from session {own.session.label}, {requester.name}]\n{message}"


async def _waits_for(backing: Backing, row: Row, requester: Requester) -> bool:
    """Whether the target is above the requester: its next run comes after the requester's own."""
    own = await backing.row_of(requester)
    while own is not None and own.session.parent is not None:
        if own.session.parent == row.session.key:
            return True
        own = await backing.sessions.find(own.session.parent)
    return False


async def _steer(backing: Backing, row: Row, text: str) -> JsonObject:
    try:
        receipt = await backing.sessions.steer(row.session.key, text, mode=SteerMode.NEXT)
    except RunIsOver:
        raise Refusal(
            "Target has no active run that accepts steering. Use mode=followup to start a new turn."
        ) from None
    return {
        "runId": receipt.run_id,
        "status": "accepted",
        "sessionKey": row.session.key,
        "targetDisposition": "steered",
        "delivery": {"status": "pending", "mode": "steer"},
    }


async def _notify(backing: Backing, row: Row, text: str) -> JsonObject:
    """Leave the message for a live run; to a session at rest it starts the next one."""
    if not row.run.status.is_over:
        receipt = await backing.sessions.steer(row.session.key, text, mode=SteerMode.NEXT)
        identity, is_started = receipt.key, False
    else:
        identity, is_started = (await _start(backing, row, text)), True
    return {
        "status": "queued",
        "sessionKey": row.session.key,
        "notificationId": identity,
        "durability": "store",
        "runStarted": is_started,
    }


async def _start(backing: Backing, row: Row, text: str) -> RunId:
    try:
        return (await backing.sessions.send(row.session.key, text)).run_id
    except RunIsOver as error:
        raise Refusal(f"{error.message}; {error.hint}") from None


async def _follow_up(
    backing: Backing, requester: Requester, row: Row, text: str, wait: int
) -> JsonObject:
    """Start the next run; its reply, where it is there in so many seconds."""
    run = await _start(backing, row, text)
    head: dict[str, Json] = {"runId": run, "sessionKey": row.session.key}
    if wait > 0:
        requester.park()
        try:
            (result,) = await backing.sessions.wait([run], timeout=wait)
        except TimeoutError:
            return _queued(head, f"no reply in {wait} s; it goes on")
        requester.hand_back([run])
        told = settled(result, most_tokens=backing.hand_back_tokens)
        if result.status is not RunStatus.DONE:
            return {**head, "status": "error", "error": told.get("error") or told["status"]}
        if not told["result"]:
            return {**head, "status": "no_reply", "message": "The session gave no reply."}
        more = {name: told[name] for name in ("truncated", "more") if name in told}
        return {**head, "status": "ok", "reply": told["result"], **more, "delivery": _DELIVERED}
    return _queued(head, "its reply is in sessions_history")


_DELIVERED: JsonObject = {"status": "delivered", "mode": "reply"}


def _queued(head: JsonObject, note: str) -> JsonObject:
    return {
        **head,
        "status": "accepted",
        "targetDisposition": "queued",
        "delivery": {"status": "pending"},
        "note": note,
    }
