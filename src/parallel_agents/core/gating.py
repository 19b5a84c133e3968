"""Gating: which gate an answer is shown to next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from parallel_agents.core.agent import Agent
from parallel_agents.core.batch_items import judged_items
from parallel_agents.core.gate import Gate, JudgeGate, Verdict, cheapest_first
from parallel_agents.core.schema import Json


class NextGate(NamedTuple):
    """A gate, and its number among those of the attempt, from 1."""

    number: int
    gate: Gate


def next_gate(
    output: Json, verdicts: Sequence[Verdict], agent: Agent, *, is_batch: bool
) -> NextGate | None:
    """The next gate, cheapest first; None if the verdicts so far say what becomes of the answer.

    After a rejection, only a refine loop asks further gates: it collects all verdicts, but asks no
    judge about an answer that code rejects. Of a batch, the items that no gate has rejected so far
    are shown to the further ones.
    """
    gates = cheapest_first(agent.gates)
    if len(verdicts) >= len(gates):
        return None
    following = NextGate(len(verdicts) + 1, gates[len(verdicts)])
    is_refused = any(not verdict.is_accepted for verdict in verdicts)
    if not is_refused or (is_batch and judged_items(output, verdicts).accepted):
        return following
    if agent.refine is None or isinstance(following.gate, JudgeGate):
        return None
    return following
