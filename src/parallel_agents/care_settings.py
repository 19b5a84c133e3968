"""Care settings: those of how long a store keeps what has ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from parallel_agents.attention_settings import AttentionSettings, knob
from parallel_agents.core.limits import DAY_SECONDS
from parallel_agents.core.store_care import Retention
from parallel_agents.setting_values import RetentionBytes, RetentionDays


@dataclass(frozen=True, slots=True, kw_only=True)
class CareSettings(AttentionSettings):
    """The part of the settings that says what leaves the store by itself."""

    retention_days: RetentionDays | None = field(
        default=None,
        metadata=knob("days after which a tree that has ended leaves the store; by default never"),
    )
    retention_bytes: RetentionBytes | None = field(
        default=None,
        metadata=knob(
            "the oldest trees that have ended leave the store while it holds more bytes than this"
        ),
    )

    @property
    def retention(self) -> Retention:
        """What leaves the store by itself; nothing unless one of the two is set."""
        days = self.retention_days
        return Retention(
            older_than=None if days is None else days * DAY_SECONDS,
            larger_than=self.retention_bytes,
        )
