"""Prompts: what a run adds to its agent's instructions, and what it tells readers of an answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from parallel_agents.core.agent import Agent, Need
from parallel_agents.core.batch import examples_of_batch, guide
from parallel_agents.core.command_limits import CommandLimits, LimitName, described
from parallel_agents.core.cutting import head
from parallel_agents.core.example import shown_examples
from parallel_agents.core.ids import is_group_key
from parallel_agents.core.message import Message, ToolResult
from parallel_agents.core.model import Model
from parallel_agents.core.session import Session
from parallel_agents.core.shortenings import Shortenings
from parallel_agents.core.usage import UNBILLED

LAST_CALL = (
    "Your budget is used up. Call no more tools: give your final answer now, from what you have."
)
_MOST_WHY = 200
_NOTICES = {
    Need.JUDGEMENT: "{model} is too small to judge: read this as a draft, not as a verdict",
    Need.FACTS: "{model} knows few facts and has no web: check what it states",
    Need.HUMOUR: "{model} is too small to be funny: read this as a draft",
    Need.DELEGATION: "{model} is too small to delegate: it did all of the work itself",
}
# A model that cannot judge cannot tell what is funny either.
_PART_OF = {Need.HUMOUR: Need.JUDGEMENT}
_CHILD = (
    "You are a subagent, {session.label}, at depth {session.depth}. Your last message is your "
    "result: it goes to the session that spawned you, so make it whole and short. Nobody answers "
    "questions."
)


def notices_of(agent: Agent, model: Model) -> tuple[str, ...]:
    """What a reader of an answer should know about the model that gave it."""
    of_model, lacks = model.capabilities.notice, model.capabilities.lacks
    unmet = [need for need in agent.needs if not lacks.isdisjoint((need, _PART_OF.get(need, need)))]
    of_needs = [_NOTICES[need].format(model=model.name) for need in unmet]
    return (of_model, *of_needs) if of_model else tuple(of_needs)


def notice_of_unanswered(calls: int) -> tuple[str, ...]:
    """What a reader of a result should know about calls that brought no reply; none if there are none."""
    if not calls:
        return ()
    those = "1 call" if calls == 1 else f"{calls} calls"
    return (f"{those} without a reply {UNBILLED}",)


def notices_of_calls(messages: Iterable[Message], acting: Collection[str]) -> tuple[str, ...]:
    """What a reader of a result should know of tools that act and whose last call failed or was denied.

    Args:
        messages: of the attempt.
        acting: the names of the tools that may change something.
    """
    failed: dict[str, list[str]] = {}
    for result in (part for message in messages for part in message.parts):
        if not isinstance(result, ToolResult) or result.name not in acting:
            continue
        if result.is_error:
            failed.setdefault(result.name, []).append(result.content)
        else:
            failed.pop(result.name, None)
    return tuple(_failed(name, contents) for name, contents in failed.items())


def _failed(name: str, contents: Sequence[str]) -> str:
    what = "the last call" if len(contents) == 1 else f"the last {len(contents)} calls"
    why = head(contents[-1].strip().partition("\n")[0], _MOST_WHY)
    return f"{what} of {name} failed: {why}"


def notices_of_limits(hits: Mapping[LimitName, int], limits: CommandLimits) -> tuple[str, ...]:
    """What a reader of a result should know about limits of the session that its commands hit."""
    return tuple(
        f"its commands hit the limit of {described(limits.only(limit))} (limits.{limit}) in "
        f"{'1 call' if calls == 1 else f'{calls} calls'}"
        for limit, calls in hits.items()
    )


def notices_of_shortening(shortenings: Shortenings, model: str) -> tuple[str, ...]:
    """What a reader of a result should know about a conversation that was shortened."""
    if not shortenings.count:
        return ()
    is_whole = shortenings.summarized == shortenings.count
    what = "a summary stands for its oldest parts" if is_whole else "its oldest parts were left out"
    failures = dict.fromkeys(shortenings.failures)
    return (
        f"the conversation outgrew the context of {model}: {what}",
        *(f"a part of the conversation could not be summarized: {why}" for why in failures),
    )


def system_of(session: Session, items: Sequence[str]) -> str:
    """The agent's instructions and examples; a child's role follows, so that siblings share the prefix.

    Of a batch, `items` are the numbers of those that are asked for.
    """
    is_child = session.parent is not None and not is_group_key(session.parent)
    parts = (
        session.agent.instructions,
        _examples(session),
        guide(items),
        _CHILD.format(session=session) if is_child else "",
    )
    return "\n\n".join(filter(str.strip, parts))  # servers refuse a prompt of white space


def _examples(session: Session) -> str:
    """The agent's examples as its model reads them: in a batch, together as a batch is asked and answered."""
    agent = session.agent
    if session.options.batch:
        return shown_examples(examples_of_batch(agent.examples), is_json=True)
    return shown_examples(agent.examples, is_json=agent.output_schema is not None)
