"""Filter: which sessions, and which of their runs, a list holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from parallel_agents.core.checked import Checked
from parallel_agents.core.converted import Converted, GivenTexts, default
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.run import RunnerKind, RunStatus

RunStatusName: TypeAlias = (
    RunStatus
    | Literal[
        "queued",
        "running",
        "done",
        "partial",
        "failed",
        "timed_out",
        "killed",
        "over_budget",
        "unreadable",
    ]
)
RunnerKindName: TypeAlias = RunnerKind | Literal["agent", "team", "flow"]
# A field that keeps texts, or does not filter.
_Texts: TypeAlias = Converted[tuple[str, ...] | None, GivenTexts | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter(Checked):
    """Which rows to return; a field that is None does not filter.

    Attributes:
        sessions: these sessions.
        run: this run, even if its session has had another run since.
        prefix: the beginning of a session key or of its last part, at least eight characters of a
            run id, or a whole label or task name, or the whole key under which a session without a
            parent was spawned.
        tree: this session and everything that it spawned.
        is_live: sessions whose latest run is live, or is not.
        orphaned: live runs that no living process owns.
        owner: live runs that this process owns, or owned when it ended.
        client: sessions that this client spawned, as their options say.
        every_run: every run of a session instead of the latest.
        after: sessions that follow this one in the order of the answer, without `prefix`.
        statuses: sessions whose run is in one of these states.
        kinds: sessions whose run is of one of these kinds.
        agents: sessions of one of these agents.
        workflows: teams and flows with one of these names.
        labels: sessions whose label has one of these texts in it, in upper or lower case.
        models: sessions whose run is on a model with one of these texts in its name.
        tags: sessions with one of these tags, by which their work is sorted.
        texts: sessions with each of these texts in their label, their task's start, what a person sees
            of their key, or the key under which one without a parent was spawned; a text with a colon may be part of
            the whole key.
        asker: instead of the latest run, the one that this session asked for last, or OUTSIDE; if
            it asked for none, the one that the session's parent asked for last.
    """

    session: Converted[SessionKey | None, str | None] = default(None)
    sessions: Converted[tuple[SessionKey, ...] | None, GivenTexts | list[SessionKey] | None] = (
        default(None)
    )
    run: Converted[RunId | None, str | None] = default(None)
    prefix: str | None = None
    tree: Converted[SessionKey | None, str | None] = default(None)
    parent: Converted[SessionKey | None, str | None] = default(None)
    is_live: bool | None = None
    orphaned: bool = False
    owner: Converted[OwnerId | None, str | None] = default(None)
    agent: str | None = None
    client: str | None = None
    every_run: bool = False
    asker: Converted[SessionKey | None, str | None] = default(None)
    roots_only: bool = False
    since: float | None = None
    after: Converted[SessionKey | None, str | None] = default(None)
    limit: int | None = None
    statuses: Converted[tuple[RunStatus, ...] | None, Sequence[RunStatusName] | None] = default(
        None
    )
    kinds: Converted[tuple[RunnerKind, ...] | None, Sequence[RunnerKindName] | None] = default(None)
    agents: _Texts = default(None)
    workflows: _Texts = default(None)
    labels: _Texts = default(None)
    models: _Texts = default(None)
    tags: _Texts = default(None)
    texts: _Texts = default(None)
