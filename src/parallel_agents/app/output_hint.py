"""Output hint: whose answers make the worst case of work, and what it would be if they were shorter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from parallel_agents.app.client import Client
from parallel_agents.app.run_bounds import most_by_calls
from parallel_agents.core.store import SessionPlan
from parallel_agents.core.usage import NANOUSD_PER_USD

SHORT_TOKENS = 2_000
_SHOWN = 3


class _Run(NamedTuple):
    """The most that one run costs now, and with short answers."""

    agent: str
    tokens: int
    now: int
    short: int

    @property
    def is_lowered(self) -> bool:
        return self.short * 2 <= self.now


def output_hint(client: Client, runs: Sequence[tuple[SessionPlan, int]]) -> str:
    """What to limit, if answers are most of what these runs, each so often, cost at most; else empty.

    It is also empty if that is not known of one of them.
    """
    found = [(_run(client, plan), count) for plan, count in runs]
    known = [(run, count) for run, count in found if run is not None]
    now = sum(run.now * count for run, count in known)
    lowered = [(run, count) for run, count in known if run.is_lowered and count]
    then = now - sum((run.now - run.short) * count for run, count in lowered)
    if len(known) < len(found) or not lowered or then * 2 > now:
        return ""
    names = list(dict.fromkeys(run.agent for run, _ in lowered))
    rest = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    agents = f"{', '.join(names[:_SHOWN])}{rest}"
    tokens = max(run.tokens for run, _ in lowered)
    return (
        f"Most of the worst case, {_dollars(now)} if every run makes all of its calls, is for answers of up to"
        f" {tokens:,} tokens of {agents}: with max_output_tokens {SHORT_TOKENS:,}, in the limits of the agent"
        f" or in the settings, it would be {_dollars(then)}."
    )


def _run(client: Client, plan: SessionPlan) -> _Run | None:
    tokens = plan.queued.limits.max_output_tokens
    now = most_by_calls(client, plan)
    if now is None or tokens is None:
        return None
    short = most_by_calls(client, plan, most_tokens=SHORT_TOKENS)
    return _Run(plan.session.agent.name, tokens, now, now if short is None else short)


def _dollars(nanousd: int) -> str:
    return f"${nanousd / NANOUSD_PER_USD:,.2f}"
