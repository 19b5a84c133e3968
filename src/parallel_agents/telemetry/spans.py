"""Spans: one for each run, model call and tool call, as the GenAI conventions have them.

A run's is made when it ends, a call's when it has ended. Nothing is kept from one event to the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import orjson

from parallel_agents.core.event import Event, Finished, Replied, ToolFinished
from parallel_agents.core.ids import RunId, is_group_key
from parallel_agents.core.message import Text
from parallel_agents.core.model import Finish
from parallel_agents.core.overview import Lineage
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunStatus
from parallel_agents.core.usage import NANOUSD_PER_USD, SIMULATED
from parallel_agents.secrets.known import KNOWN
from parallel_agents.telemetry.records import (
    Attribute,
    Operation,
    Span,
    parent_of,
    span_of,
    trace_of,
)

KINDS = ("replied", "tool_finished", "finished")
_Found: TypeAlias = dict[str, Attribute]

MOST_CONTENT_CHARACTERS = 16_000
_MOST_NAME_CHARACTERS = 200
_PROVIDERS = {
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "google": "gcp.gemini",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "vertex": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}
_FINISHES = {
    Finish.STOP: "stop",
    Finish.TOOLS: "tool_calls",
    Finish.LENGTH: "length",
    Finish.WINDOW: "length",
    Finish.PAUSED: "pause",
    Finish.REFUSED: "content_filter",
}
_FAILED = frozenset({RunStatus.FAILED, RunStatus.TIMED_OUT, RunStatus.OVER_BUDGET})


def spans_of(
    events: Sequence[Event],
    rows: Mapping[RunId, Row],
    lineages: Mapping[RunId, Lineage],
    *,
    with_content: bool,
) -> Iterator[Span]:
    """The spans that events complete.

    Args:
        events: in order, with the paths of their sessions; of the kinds in `KINDS`, others make no span.
        rows: the runs of the events.
        lineages: of the same runs.
        with_content: whether spans have what was said and done.
    """
    for event in events:
        row, lineage = rows[event.run], lineages[event.run]
        match event.body:
            case Replied() as replied:
                yield _chat(event, replied, row, lineage, with_content)
            case ToolFinished() as finished:
                yield _tool(event, finished, row, lineage, with_content)
            case Finished() as finished:
                yield _run(event, finished, row, lineage, with_content)
            case _:
                pass


def provider_of(model: str) -> str:
    """The provider of a model, by the name that the conventions have for it, if they have one."""
    name = model.partition("/")[0]
    return _PROVIDERS.get(name, name) or "unknown"


def model_of(model: str) -> str:
    """The name that a model's provider knows it by."""
    return model.partition("/")[2] or model


def agent_of(row: Row) -> str:
    """The name of a run's agent; of a team or flow, its own."""
    key = row.session.key
    return key.split(":")[1] if is_group_key(key) else row.session.agent.name


def _chat(event: Event, replied: Replied, row: Row, lineage: Lineage, with_content: bool) -> Span:
    model = replied.model
    found: _Found = {
        **_common(Operation.CHAT, event, row),
        "gen_ai.provider.name": provider_of(model),
        "gen_ai.request.model": model_of(model),
        "gen_ai.response.model": model_of(replied.message.model or model),
        "gen_ai.response.finish_reasons": (_FINISHES[replied.finish],),
        "gen_ai.usage.input_tokens": replied.usage.all_input_tokens,
        "gen_ai.usage.output_tokens": replied.usage.output_tokens,
        "pagents.turn": replied.turn,
        "pagents.tries": replied.tries,
    }
    if replied.usage.cache_read_tokens:
        found["gen_ai.usage.cache_read.input_tokens"] = replied.usage.cache_read_tokens
    if replied.usage.cache_write_tokens:
        found["gen_ai.usage.cache_write.input_tokens"] = replied.usage.cache_write_tokens
    if replied.cost_nanousd is not None:
        name = "pagents.simulated_cost_usd" if model.startswith(SIMULATED) else "pagents.cost_usd"
        found[name] = replied.cost_nanousd / NANOUSD_PER_USD
    for name in ("cached", "is_estimated", "is_summary"):
        if getattr(replied, name):
            found[f"pagents.{name}"] = True
    if with_content:
        found["gen_ai.output.messages"] = _message("assistant", _text(replied), replied.finish)
    return Span(
        trace=trace_of(lineage),
        id=span_of(event.run, event.key),
        parent=span_of(event.run),
        name=f"{Operation.CHAT} {_name(model_of(model))}",
        began_at=event.at - replied.seconds,
        ended_at=event.at,
        is_call=True,
        attributes=found,
    )


def _tool(
    event: Event, finished: ToolFinished, row: Row, lineage: Lineage, with_content: bool
) -> Span:
    result = finished.result
    error = "unknown_outcome" if finished.is_unknown else "tool_error" if result.is_error else ""
    found: _Found = {
        **_common(Operation.EXECUTE_TOOL, event, row),
        "gen_ai.tool.name": _name(result.name),
        "gen_ai.tool.call.id": _name(result.call_id),
        "gen_ai.tool.type": "function",
        "pagents.turn": finished.turn,
    }
    if finished.parked_seconds:
        found["pagents.parked_seconds"] = finished.parked_seconds
    if with_content:
        found["gen_ai.tool.call.result"] = _content(result.content)
    return Span(
        trace=trace_of(lineage),
        id=span_of(event.run, event.key),
        parent=span_of(event.run),
        name=f"{Operation.EXECUTE_TOOL} {_name(result.name)}",
        began_at=event.at - finished.seconds - finished.parked_seconds,
        ended_at=event.at,
        error=error,
        attributes=found,
    )


def _run(event: Event, finished: Finished, row: Row, lineage: Lineage, with_content: bool) -> Span:
    run, outcome = row.run, finished.outcome
    operation = Operation.INVOKE_WORKFLOW if run.kind.is_group else Operation.INVOKE_AGENT
    began_at = run.created_at if run.started_at is None else run.started_at
    found: _Found = {
        **_common(operation, event, row),
        "pagents.run.status": outcome.status.value,
        "pagents.run.attempts": run.attempts,
        "pagents.queued_seconds": max(began_at - run.created_at, 0.0),
    }
    if run.model:
        found["gen_ai.provider.name"] = provider_of(run.model)
        found["gen_ai.request.model"] = model_of(run.model)
    if not run.kind.is_group:
        found["gen_ai.usage.input_tokens"] = run.spend.usage.all_input_tokens
        found["gen_ai.usage.output_tokens"] = run.spend.usage.output_tokens
    if row.session.options.tags:
        found["pagents.tags"] = row.session.options.tags
    if outcome.score is not None:
        found["pagents.score"] = outcome.score
    if with_content:
        found["gen_ai.output.messages"] = _message("assistant", outcome.text, Finish.STOP)
    return Span(
        trace=trace_of(lineage),
        id=span_of(event.run),
        parent=parent_of(lineage),
        name=f"{operation} {_name(agent_of(row))}",
        began_at=min(began_at, event.at),
        ended_at=event.at,
        error=error_of(finished),
        attributes=found,
    )


def error_of(finished: Finished) -> str:
    """What a run ended with if it failed: the code of its error; empty if it did not."""
    outcome = finished.outcome
    if outcome.status not in _FAILED:
        return ""
    return outcome.error.code if outcome.error is not None else outcome.status.value


def _common(operation: Operation, event: Event, row: Row) -> _Found:
    is_group = operation is Operation.INVOKE_WORKFLOW
    return {
        "gen_ai.operation.name": operation.value,
        "gen_ai.workflow.name" if is_group else "gen_ai.agent.name": _name(agent_of(row)),
        "gen_ai.conversation.id": row.session.key,
        "pagents.run.id": row.run.id,
        "pagents.session.name": _name(row.session.name),
        "pagents.session.label": _name(row.session.label),
        **({"pagents.session.path": tuple(map(_name, event.path))} if event.path else {}),
    }


def _text(replied: Replied) -> str:
    return "".join(part.text for part in replied.message.parts if isinstance(part, Text))


def _message(role: str, text: str, finish: Finish) -> str:
    parts = [{"type": "text", "content": _content(text)}]
    message = {"role": role, "parts": parts, "finish_reason": _FINISHES[finish]}
    return orjson.dumps([message]).decode()


def _content(text: str) -> str:
    """What was said, without the secrets that are known, up to a bound that is told."""
    hidden = KNOWN.hide(text)
    if len(hidden) <= MOST_CONTENT_CHARACTERS:
        return hidden
    left = len(hidden) - MOST_CONTENT_CHARACTERS
    return f"{hidden[:MOST_CONTENT_CHARACTERS]}… ({left:,} more characters)"


def _name(text: str) -> str:
    """A name as attributes have it; a model may call a tool anything."""
    return KNOWN.hide(text)[:_MOST_NAME_CHARACTERS]
