"""Run bounds: the most that a run which is not begun can cost: by its budget, or by the calls that it may make."""

from __future__ import annotations

from parallel_agents.app.client import Client
from parallel_agents.core.bound import Bound
from parallel_agents.core.gate import JudgeGate
from parallel_agents.core.store import SessionPlan

_MANY = 1_000_000


def bound_of(client: Client, plan: SessionPlan) -> Bound:
    """The most that a run costs by its budget; nothing, if all that it may call is free."""
    if plan.budget.is_bound:
        return Bound.of(plan.budget)
    models = plan.queued.ladder or (plan.model,)
    is_sure = not _has_others(plan) and all(is_free(client, model) for model in models)
    return Bound(0) if is_sure else Bound()


def is_free(client: Client, model: str) -> bool:
    """Whether a model costs nothing."""
    return client.models.most_nanousd(model, _MANY, _MANY) == 0


def most_by_calls(
    client: Client, plan: SessionPlan, *, most_tokens: int | None = None
) -> int | None:
    """What a run costs if it makes all of its calls with a full context, in billionths of a US dollar.

    None if that is not known, or if others may work for the run. With `most_tokens`, what it would be if its
    answers had no more.
    """
    limits = plan.queued.limits
    output, turns = limits.max_output_tokens, limits.max_turns
    if _has_others(plan) or output is None or turns is None:
        return None
    output = output if most_tokens is None else min(output, most_tokens)
    each: list[int] = []
    for model in plan.queued.ladder or (plan.model,):
        window = client.models.get(model).capabilities.context_tokens
        nanousd = window and client.models.most_nanousd(model, window, output)
        if nanousd is None:
            return None
        each.append(nanousd)
    return max(each) * turns


def _has_others(plan: SessionPlan) -> bool:
    """Whether a run may have others work for it, or be judged by them."""
    agent = plan.session.agent
    gates = (*agent.gates, *plan.queued.gates)
    is_judged = any(isinstance(gate, JudgeGate) for gate in gates)
    is_refined = agent.refine is not None or plan.queued.refine is not None
    return is_judged or is_refined or agent.policy.may_spawn_at(plan.session.depth)
