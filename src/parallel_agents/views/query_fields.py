"""Query fields: those of the filters for sessions, each with a value as an example."""

from __future__ import annotations

FIELDS = {
    "state": "failed",
    "agent": "code_reviewer",
    "workflow": "content",
    "flow": "content",
    "kind": "team",
    "cost": ">1",
    "label": "review",
    "model": "local",
    "tag": "nightly",
    "since": "2h",
    "in": "monday",
    "text": '"rate limit"',
}
