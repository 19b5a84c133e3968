"""`sessions_send`: a message to another session, and its reply if it comes in time.

A message starts at most one run of its target. The run's answer is the result of the call and
starts nothing, so two sessions never keep answering each other by themselves.
"""

from __future__ import annotations

from enum import StrEnum

from parallel_agents.core.event import SteerMode
from parallel_agents.core.ids import RunId, is_group_key, make_keyed_run_id
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunStatus
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.store import Filter
from parallel_agents.core.verbs import Steer, Until
from parallel_agents.errors import RunIsOver
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.clients import of_clients
from parallel_agents.session_tools.context import Call
from parallel_agents.session_tools.results import result_row
from parallel_agents.session_tools.waiting import NOTES, End, wait_for_runs

_WAIT_SECONDS = 30


class _Mode(StrEnum):
    AUTO = "auto"
    NOTIFY = "notify"
    STEER = "steer"
    FOLLOWUP = "followup"
    RESUME = "resume"


async def send(call: Call, arguments: Arguments) -> JsonObject:
    """Steer the live run, or start the next one and wait for its answer."""
    message = arguments.text("message")
    if not message:
        raise Refusal("message required")
    row = await _target(call, arguments)
    if row.session.key == call.requester.session:
        raise Refusal("sessions_send cannot target the calling session; use your own reply instead")
    if is_group_key(row.session.key):
        raise Refusal(
            f"{row.session.label} is a team, which has no model to read messages; "
            "name one of its agents"
        )
    mode = arguments.choice("mode", _Mode, _Mode.AUTO)
    seconds = arguments.whole("timeoutSeconds")
    own = await call.find_requester()
    text = _signed(message, own)
    is_live = not row.run.status.is_over
    if is_live and (mode is _Mode.STEER or await _is_ancestor(call, row, own)):
        return await _steer(call, row, text)
    match mode:
        case _Mode.STEER:
            raise _no_live_run(row)
        case _Mode.NOTIFY:
            return await _notify(call, row, text)
        case _Mode.AUTO | _Mode.FOLLOWUP | _Mode.RESUME:
            return await _follow_up(call, row, text, _WAIT_SECONDS if seconds is None else seconds)


async def _target(call: Call, arguments: Arguments) -> Row:
    for name in ("sessionKey", "label"):
        if value := arguments.name(name):
            try:
                return await call.find(value)
            except Refusal as refusal:
                if name == "label" and refusal.answer["status"] == "error":
                    raise Refusal(f"No session found with label: {value}") from None
                raise
    if agent := arguments.name("agentId"):
        own = await call.find_requester()
        rows = await call.sessions.list(Filter(tree=own.session.root) if own else None)
        rows = await of_clients(call.sessions, rows) if call.requester.client else rows
        found = [row for row in rows if row.session.agent.name == agent]
        if not found:
            raise Refusal(f'Agent "{agent}" not found: it has no session here')
        return found[0]
    raise Refusal("Either sessionKey or label is required")


def _signed(message: str, own: Row | None) -> str:
    """The message with its sender, so that a model does not take it for a message of its user."""
    if own is None:
        return message
    return f"[Message from session {own.session.label}, {own.session.key}]\n{message}"


async def _is_ancestor(call: Call, row: Row, own: Row | None) -> bool:
    """Whether a session is above the requester's, so that its next run comes after this one."""
    while own is not None and own.session.parent is not None:
        if own.session.parent == row.session.key:
            return True
        own = await call.sessions.find(own.session.parent)
    return False


def _no_live_run(row: Row) -> Refusal:
    return Refusal(f"Target has no active run that accepts steering. {_instead(row)}")


def _instead(row: Row) -> str:
    """What still works where no run reads a message."""
    if row.session.killed:
        return "It was killed and starts none: spawn a new session."
    return "Use mode=followup to start a new turn."


async def _steer(call: Call, row: Row, text: str) -> JsonObject:
    try:
        receipt = await _message(call, row, text)
    except RunIsOver:
        raise _no_live_run(row) from None
    return {
        "runId": receipt.run_id,
        "status": "accepted",
        "sessionKey": row.session.key,
        "targetDisposition": "steered",
        "delivery": {"status": "pending", "mode": "steer"},
    }


async def _message(call: Call, row: Row, text: str) -> Steer:
    key = call.requester.message_key
    return await call.sessions.steer(row.session.key, text, mode=SteerMode.NEXT, key=key)


async def _notify(call: Call, row: Row, text: str) -> JsonObject:
    """Leave the message for the live run; it starts none, which would cost."""
    try:
        receipt = await _message(call, row, text)
    except RunIsOver:
        raise Refusal(
            "Target has no active run that could read it, and a notification starts none. "
            f"{_instead(row)}",
            runStarted=False,
        ) from None
    return {
        "status": "queued",
        "sessionKey": row.session.key,
        "notificationId": receipt.key,
        "durability": "store",
        "runStarted": False,
    }


async def _start(call: Call, row: Row, text: str) -> RunId:
    try:
        sender, run = call.requester.session, _run_of(call, row, text)
        sent = await call.sessions.send(row.session.key, text, sender=sender, run=run)
    except RunIsOver as error:
        raise Refusal(f"{error.message}; {error.hint}") from None
    return sent.run_id


def _run_of(call: Call, row: Row, text: str) -> RunId | None:
    """The id of the run that this call starts, the same if a client repeats it."""
    requester = call.requester
    if requester.session is not None or not requester.call:
        return None
    return make_keyed_run_id(f"{row.session.key}\0{requester.call}".encode(), text.encode())


async def _follow_up(call: Call, row: Row, text: str, wait: int) -> JsonObject:
    """Start the next run, and return its reply if it comes within `wait` seconds."""
    run = await _start(call, row, text)
    head: dict[str, Json] = {"runId": run, "sessionKey": row.session.key}
    if wait == 0:
        return _queued(head, "its reply is in sessions_history")
    wait = round(call.requester.wait_of(wait))
    end = await wait_for_runs(call, [run], seconds=wait)
    if end is not End.SETTLED:
        needs = await call.records.needs(await call.sessions.rows_of([run]))
        late = f"no reply within {wait} s; the run continues: agents_wait with its runId"
        return _queued({**head, **needs.get(run, {})}, NOTES.get(end, late))
    (result,) = await call.sessions.wait([run], until=Until.NOW)
    await call.mark_reported([run])
    reply = result_row(result, max_tokens=call.settings.hand_back_tokens)
    if result.status is not RunStatus.DONE:
        return {**head, "status": "error", "error": reply.get("error") or reply["status"]}
    if not reply["result"]:
        return {**head, "status": "no_reply", "message": "The session gave no reply."}
    more = {name: reply[name] for name in ("truncated", "more") if name in reply}
    delivery = {"status": "delivered", "mode": "reply"}
    return {**head, "status": "ok", "reply": reply["result"], **more, "delivery": delivery}


def _queued(head: JsonObject, note: str) -> JsonObject:
    return {
        **head,
        "status": "accepted",
        "targetDisposition": "queued",
        "delivery": {"status": "pending"},
        "note": note,
    }
