"""Account names: what the account of a budget is called in a sentence, such as `of the day 2026-11-30`."""

from __future__ import annotations


def account_name(scope: str) -> str:
    """What a budget is of, by the scope of its account."""
    kind, _, rest = scope.partition(":")
    if kind == "session":
        return f"of {rest.rsplit(':', 1)[-1][:8] if rest.startswith('agent:') else rest.rsplit(':', 1)[-1]}"
    if kind == "agent":
        agent, _, day = rest.rpartition(":")
        return f"of the agent {agent} for {day}"
    return f"of the day {rest}"
