"""Doing: what a live run does now, in a few words, from the last event that it wrote."""

from __future__ import annotations

from parallel_agents.core.event import (
    Attempted,
    Body,
    Closing,
    Finished,
    HandedBack,
    Queued,
    Refused,
    Replied,
    Retrying,
    ToolStarted,
    Waiting,
)


def doing_after(body: Body) -> str:
    """Such as `asks the model` or `calls web_search`; empty once the run is over."""
    match body:
        case Queued():
            return "waits for a place"
        case Replied():
            return "checks the answer"
        case Retrying() | Waiting():
            return _wait(body)
        case ToolStarted():
            return f"calls {body.call.name}"
        case Refused():
            return "mends its answer"
        case Attempted():
            return f"begins again, attempt {body.number}"
        case Closing():
            return "gives its last answer"
        case HandedBack():
            return "reads what its agents gave"
        case Finished():
            return ""
        case _:
            return "asks the model"


def _wait(body: Retrying | Waiting) -> str:
    match body:
        case Retrying(error=error, wait_seconds=seconds):
            return f"{error.message}; again in {seconds:.0f} s"
        case Waiting(reason=reason, seconds=seconds):
            return f"waits for {reason}, {seconds:.0f} s"
