"""The events are those of the protocol's package: their types, their fields, and which of them are required."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args

from ag_ui.core import Event
from pydantic import BaseModel, TypeAdapter

from parallel_agents.surfaces.agui.events import (
    PROTOCOL_VERSION,
    AnyEvent,
    Ended,
    Replace,
    RunFinished,
    StateDelta,
    TokenUsage,
    event_document,
)

THEIRS: dict[str, type[BaseModel]] = {
    each.model_fields["type"].default: each for each in get_args(get_args(Event)[0])
}


def test_each_event_has_a_type_and_fields_of_the_protocol_and_all_that_it_requires() -> None:
    for ours in get_args(AnyEvent):
        names = {each.name for each in fields(ours)}
        kind = next(str(each.default) for each in fields(ours) if each.name == "type")
        theirs = THEIRS[kind].model_fields

        assert names <= theirs.keys(), kind
        assert {name for name, each in theirs.items() if each.is_required()} <= names, kind


def test_an_event_is_sent_as_the_package_reads_it() -> None:
    usage = TokenUsage(
        provider="sim",
        model="calm",
        input_tokens=3,
        output_tokens=2,
        total_tokens=5,
        cached_input_tokens=1,
        cache_write_input_tokens=0,
    )
    end = RunFinished(
        timestamp=1, thread_id="t", run_id="r", outcome=Ended(type="cancelled"), usage=(usage,)
    )
    delta = StateDelta(timestamp=1, delta=(Replace(path="/pagents/cost_usd", value=None),))
    adapter: TypeAdapter[BaseModel] = TypeAdapter(Event)

    for each in (end, delta):
        read = adapter.validate_python(event_document(each))
        assert read.model_dump(by_alias=True, exclude_unset=True) == event_document(each)
    assert event_document(delta)["delta"] == [
        {"op": "replace", "path": "/pagents/cost_usd", "value": None}
    ]


def test_the_version_is_that_of_the_package() -> None:
    from ag_ui.core import version  # noqa: PLC0415 - its own module of versions

    assert PROTOCOL_VERSION in vars(version).values()
