"""Doing: what a live run does now, in a few words, from the last event that it wrote."""

from __future__ import annotations

from parallel_agents.core.event import (
    Attempted,
    Body,
    Closing,
    Finished,
    Gated,
    HandedBack,
    Queued,
    Refused,
    Replied,
    Retrying,
    Revised,
    Started,
    ToolStarted,
    Waiting,
)


def doing_on(last: Body, body: Body) -> str:
    """What a run does after `body`, where `last` came before it.

    A run that is taken up again goes on with what it had: a reply that was kept is not asked for
    once more.
    """
    is_kept = isinstance(last, Replied | ToolStarted | Refused | HandedBack)
    return doing_after(last if is_kept and isinstance(body, Started) else body)


def again(retrying: Retrying) -> str:
    """When a call is made again, and which try that is."""
    seconds = round(retrying.wait_seconds)
    when = f"again in {seconds} s" if seconds else "again at once"
    return f"{when}, try {retrying.attempt + 1}"


def doing_after(body: Body) -> str:
    """Such as `asks the model` or `calls web_search`; empty once the run is over."""
    match body:
        case Queued():
            return "waits for a place"
        case Replied() | Revised() | Gated():
            return "checks the answer"
        case Retrying() | Waiting():
            return _holding_up(body)
        case ToolStarted():
            return f"calls {body.call.name}"
        case Refused():
            return "mends its answer"
        case Attempted():
            who = f" with {body.by}" if body.by else ""
            return f"begins again{who}, attempt {body.number}"
        case Closing():
            return "gives its last answer"
        case HandedBack():
            return "reads what its agents gave"
        case Finished():
            return ""
        case _:
            return "asks the model"


def _holding_up(body: Retrying | Waiting) -> str:
    if isinstance(body, Waiting):
        return f"waits for {body.reason}, {body.seconds:.0f} s"
    return f"{body.error.message}; {again(body)}"
