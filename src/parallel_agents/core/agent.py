"""Agent: a frozen definition of an agent; what its sessions are doing is not part of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.gate import AnyGate, Refine
from parallel_agents.core.limits import Limits
from parallel_agents.core.policy import Policy
from parallel_agents.core.schema import JsonObject


class Tier(StrEnum):
    """How strong a model an agent wants; the settings name a model for each."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class Need(StrEnum):
    """An ability that an agent's work needs of its model; without it the result gets a notice."""

    JUDGEMENT = "judgement"
    FACTS = "facts"
    HUMOUR = "humour"
    DELEGATION = "delegation"


class Start(StrEnum):
    """Where on its ladder an agent's work begins.

    `cheapest` begins with the first model. `learned` skips the first models if their answers were
    rejected so often that an attempt on them costs more than it saves; see `core.tiers`.
    """

    CHEAPEST = "cheapest"
    LEARNED = "learned"


class ThinkingLevel(StrEnum):
    """How long a model thinks before it answers, if it can think."""

    OFF = "off"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A definition of an agent, made in code or read from a file of the catalog.

    Attributes:
        name: lower-case letters, digits and underscores, a letter first.
        description: one sentence about its purpose, read by users and by agents that could spawn it.
        instructions: the system prompt.
        category: groups the agent in lists.
        input_schema: JSON Schema of the task's `input`, or None to accept any.
        output_schema: JSON Schema of the answer, or None for plain text. An answer that does not
            match it is repaired once; then the attempt fails.
        model: `provider/model`, or None to choose by the settings and `tier`.
        tier: how strong a model it wants, if no model is named.
        tools: names of the tools that it may call.
        limits: limits on each of its runs; the task's own limits override them.
        temperature: 0 to 2, or None to leave it to the model.
        thinking: how long its model thinks, or None to leave it to the model.
        needs: abilities that its work requires of the model.
        budget: the most that each of its sessions may spend, together with everything it spawns.
        gates: checks that an answer must pass in addition to the output schema, cheapest first.
        refine: a loop that improves a rejected answer; without it, each model gets
            `limits.attempts` attempts.
        ladder: models to escalate through when an attempt fails or its answer is rejected, cheapest
            first. It overrides `model`; `ladder/NAME` refers to a ladder defined in the settings.
        start: where on the ladder its work begins.
        cache_seconds: reuse a stored reply to the same request, free of charge, if it is at most
            this old; None always calls the model.
        policy: what its sessions may spawn. An agent that may spawn gets the session tools.
    """

    name: str
    description: str
    instructions: str
    category: str = "general"
    input_schema: JsonObject | None = None
    output_schema: JsonObject | None = None
    model: str | None = None
    tier: Tier = Tier.SMALL
    tools: tuple[str, ...] = ()
    limits: Limits = Limits()
    temperature: float | None = None
    thinking: ThinkingLevel | None = None
    needs: tuple[Need, ...] = ()
    budget: Budget = NO_BUDGET
    gates: tuple[AnyGate, ...] = ()
    refine: Refine | None = None
    ladder: tuple[str, ...] = ()
    start: Start = Start.CHEAPEST
    cache_seconds: float | None = None
    policy: Policy = Policy()
