"""Attention settings: those of what needs a person: its questions, stuck runs and notifications."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from parallel_agents.core.answer_rules import AnswerRules
from parallel_agents.core.notification import Notify, Occasion
from parallel_agents.core.on_stuck import OnStuck
from parallel_agents.core.stuck_rules import StuckRules
from parallel_agents.setting_values import (
    Factor,
    NotifyTarget,
    Occasions,
    PrivateHostNames,
    QuestionSeconds,
    Seconds,
    SetAlert,
    SetAnswer,
)


def knob(sentence: str) -> dict[str, str]:
    """The metadata of a setting: its description."""
    return {"sentence": sentence}


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionSettings:
    """The part of the settings that says what a person is asked and told."""

    question_seconds: QuestionSeconds = field(
        default=43_200.0,
        metadata=knob("seconds for which a question waits for a person's answer"),
    )
    answers: tuple[SetAnswer, ...] = field(
        default=(), metadata=knob("rules that answer questions before you are asked")
    )
    stuck_factor: Factor = field(
        default=10.0,
        metadata=knob("a run is stuck if it is silent for this many times its agent's usual gap"),
    )
    stuck_least_seconds: Seconds = field(
        default=60.0, metadata=knob("a run that has been silent for fewer seconds is not stuck")
    )
    stuck_seconds: Seconds = field(
        default=600.0,
        metadata=knob(
            "seconds of silence until a run is stuck while too little is known about its agent"
        ),
    )
    on_stuck: OnStuck = field(
        default=OnStuck.NOTICE,
        metadata=knob(
            "what happens when a run is stuck: notice writes one into its history, ask asks you"
        ),
    )
    notify: NotifyTarget | None = field(
        default=None,
        metadata=knob(
            "a command, a URL, desktop, or env:NAME for one of them, that is notified when work is"
            " done, needs you or failed"
        ),
    )
    notify_on: Occasions = field(
        default=tuple(Occasion), metadata=knob("when it is notified: done, needs_you and failed")
    )
    alerts: Annotated[tuple[SetAlert, ...], Field(max_length=100)] = field(
        default=(),
        metadata=knob("conditions on the work, such as dead_letters > 5 in 1h, and whom to notify"),
    )
    notify_private_hosts: PrivateHostNames | None = field(
        default=None, metadata=knob("private hosts that may be notified, such as 10.0.0.7:8080")
    )

    @property
    def answer_rules(self) -> AnswerRules:
        """The rules that answer questions before a person is asked."""
        return AnswerRules(self.answers)

    @property
    def notification(self) -> Notify | None:
        """Where notifications about the work of this process are sent; None for nowhere."""
        return None if self.notify is None else Notify(to=self.notify, on=self.notify_on)

    @property
    def stuck_rules(self) -> StuckRules:
        return StuckRules(
            factor=self.stuck_factor,
            least_seconds=self.stuck_least_seconds,
            unknown_seconds=self.stuck_seconds,
        )
