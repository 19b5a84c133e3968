"""Agent: a frozen definition of who does a piece of work; never what it is doing."""

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
    """What an agent's work asks of a model; a model that lacks it earns the result a notice."""

    JUDGEMENT = "judgement"
    FACTS = "facts"
    DELEGATION = "delegation"


class Start(StrEnum):
    """Where on its ladder an agent's work begins: `cheapest` is the first model of it.

    `learned` leaves out the first ones where they were refused so often that an attempt on them
    costs more than it saves; see `core.tiers`.
    """

    CHEAPEST = "cheapest"
    LEARNED = "learned"


class ThinkingLevel(StrEnum):
    """How long a model may think before it answers, where it can."""

    OFF = "off"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A definition, from a file of the catalog or made in code.

    Attributes:
        name: lower-case letters, digits and underscores.
        instructions: the system prompt.
        input_schema: JSON Schema of the task's `input`, or None to take anything.
        output_schema: JSON Schema of the answer, or None for plain text.
        model: `provider/model`, or None to go by `tier`.
        tools: names of tools that it may call.
        thinking: None leaves it to the model.
        budget: for each of its sessions, and all that it spawns.
        gates: what its answers must pass, beside the output schema.
        refine: how an answer that they refuse is made better; without it `limits.attempts` holds.
        ladder: models to climb, the cheapest first, when an attempt fails or is refused; it goes
            before `model`.
        start: where on it the work begins.
        cache_seconds: how old a reply to the same request may be, at no cost; None asks anew.
        policy: what its sessions may spawn; who may spawn at all is offered the session tools.
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
