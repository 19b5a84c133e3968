"""Promises: what must hold of every store that a round leaves, whatever went wrong in it.

The store is read here as it lies in the file, and compared with what the judge saw: code that is
wrong in the same way as what it checks would find nothing.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from parallel_agents.stores.chain import check_chain
from parallel_agents.stores.projection import check_rows
from parallel_agents.stores.rows import Rows
from parallel_agents.stores.sqlite_database import SqliteDatabase
from tests.chaos.ledger import Ledger, Request
from tests.chaos.plan import Plan
from tests.chaos.script import ANSWER_NUMBER, CALL_NUMBER, token_of

A_BUG = "PA-E307"
OVER = ("done", "partial", "failed", "timed_out", "killed", "over_budget")
# Of these, the reply to a call in flight may be lost: somebody ended it, or its time was up.
CUT_OFF = ("killed", "timed_out", "over_budget")
# What a word from outside may meet: the session has ended, or is a team.
EXPECTED_OF_MEDDLERS = ("PA-E101", "PA-E107")


@dataclass(slots=True)
class Run:
    """A run as the file holds it."""

    id: str
    session: str
    parent: str
    label: str
    kind: str
    status: str
    asked_by: str | None
    tokens: int
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def of_kind(self, kind: str) -> Iterator[dict[str, Any]]:
        return (event for event in self.events if event["kind"] == kind)

    @property
    def token(self) -> str:
        return token_of(next(self.of_kind("queued"))["text"])

    @property
    def replies(self) -> list[tuple[int, dict[str, Any]]]:
        """The numbers of the requests that were answered, with the events."""
        return [(_number(event), event) for event in self.of_kind("replied")]

    @property
    def is_interrupted(self) -> bool:
        """Whether somebody cut a call of it off."""
        words = any(event["mode"] == "now" for event in self.of_kind("steered"))
        return words or self.status in CUT_OFF


def _number(replied: dict[str, Any]) -> int:
    parts = replied["message"]["parts"]
    found = None
    for part in parts:
        if part["type"] == "tool_call":
            found = found or CALL_NUMBER.match(part["id"])
        else:
            found = found or ANSWER_NUMBER.search(part["text"])
    return int(found.group(1)) if found else 0


def read_runs(path: Path) -> list[Run]:
    """The runs in the file, with their events in order."""
    with closing(sqlite3.connect(path)) as store:
        found = store.execute(
            "SELECT r.id, r.session, s.parent, s.label, r.kind, r.status, r.asked_by,"
            " r.input_tokens + r.output_tokens + r.cache_read_tokens + r.cache_write_tokens"
            " FROM runs AS r JOIN sessions AS s ON s.key = r.session ORDER BY r.created_at"
        )
        runs = {row[0]: Run(*row) for row in found}
        for run, body in store.execute("SELECT run, body FROM events ORDER BY seq"):
            runs[run].events.append(orjson.loads(body))
    return list(runs.values())


def broken(plan: Plan, ledger: Ledger, path: Path) -> list[str]:
    """The promises that a round broke, each as a sentence; none is what is right."""
    runs = read_runs(path)
    agents = [run for run in runs if run.kind == "agent"]
    return [
        *_ends(runs),
        *_answers(agents),
        *_team(plan, ledger),
        *_effects(agents, ledger),
        *_replies(plan, agents, ledger),
        *_unknown(agents, ledger),
        *_reports(runs, ledger),
        *_money(plan, path, agents),
        *_soundness(path),
        *_errors(ledger),
    ]


def _ends(runs: list[Run]) -> Iterator[str]:
    for run in runs:
        ends = sum(1 for _ in run.of_kind("finished"))
        if run.status not in OVER or ends != 1:
            yield f"run {run.label} is {run.status} and has {ends} ends"
        for end in run.of_kind("finished"):
            error = end["outcome"]["error"]
            if error and error["code"] == A_BUG:
                yield f"run {run.label} met a bug: {error['message']}"


def _answers(runs: list[Run]) -> Iterator[str]:
    for run in runs:
        output = next(run.of_kind("finished"), {"outcome": {"output": ""}})["outcome"]["output"]
        if run.status == "done" and f"<{run.token}>" not in str(output):
            yield f"the answer to {run.token} is {output!r}"


def _team(plan: Plan, ledger: Ledger) -> Iterator[str]:
    if ledger.team is None:
        yield "nobody was told the team's result"
        return
    labels = [told.label for told in ledger.team]
    if labels != list(plan.roots):
        yield f"the team's results are of {labels}"
    for told in ledger.team:
        if told.is_done and f"<{told.label}>" not in told.output:
            yield f"the team was told {told.output!r} for {told.label}"


def _effects(runs: list[Run], ledger: Ledger) -> Iterator[str]:
    made = Counter(effect.ref for effect in ledger.effects if effect.tool == "pay")
    for ref, times in made.items():
        if times > 1:
            yield f"{ref} was paid {times} times"
    for run in runs:
        for event in run.of_kind("tool_finished"):
            content = event["result"]["content"]
            if event["result"]["name"] != "pay" or not content.startswith("paid "):
                continue
            if not made[content.removeprefix("paid ")]:
                yield f"run {run.label} was told {content!r}, and nothing was paid"


def _replies(plan: Plan, runs: list[Run], ledger: Ledger) -> Iterator[str]:
    seen: Counter[int] = Counter()
    for run in runs:
        tokens = 0
        for number, event in run.replies:
            request = ledger.requests[number - 1] if number else None
            if event["cached"]:
                continue
            usage = event["usage"]
            tokens += sum(usage.values())
            if request is None or not request.is_answered:
                yield f"run {run.label} has a reply that nobody gave: {event['message']}"
                continue
            seen[number] += 1
            if request.token != run.token:
                yield f"run {run.token} has the reply to {request.token}"
            if sum(usage.values()) != request.usage.total_tokens and not plan.lies:
                yield f"reply {number} used {request.usage}, and is kept with {usage}"
        if tokens != run.tokens:
            yield f"run {run.label} shows {run.tokens} tokens; its replies have {tokens}"
    for number, times in seen.items():
        if times > 1:
            yield f"reply {number} is in the store {times} times"


def _unknown(runs: list[Run], ledger: Ledger) -> Iterator[str]:
    """Paid calls that the store does not know were in flight when something was cut off.

    A run has one call in flight, so each claim of it that was cut off loses at most one.
    """
    known = {number for run in runs for number, _ in run.replies}
    interrupted = {run.token for run in runs if run.is_interrupted}
    cut_off: Counter[str] = Counter()
    for run in runs:
        cut_off[run.token] += sum(1 for _ in run.of_kind("started")) - (run.status == "done")
    lost: Counter[str] = Counter()
    for request in ledger.requests:
        if not request.is_answered or request.number in known or request.token in interrupted:
            continue
        lost[request.token] += 1
        if request.life not in ledger.troubled:
            yield f"call {request.number} of {request.token} was paid and is not in the store"
    for token, times in lost.items():
        if times > cut_off[token]:
            yield f"{times} calls of {token} are lost, and its runs were cut off {cut_off[token]} times"


def _reports(runs: list[Run], ledger: Ledger) -> Iterator[str]:
    """A lead that is done has heard how each child that it asked has ended."""
    asked: defaultdict[str | None, list[Run]] = defaultdict(list)
    for run in runs:
        asked[run.asked_by].append(run)
    for lead in runs:
        if lead.status != "done" or not lead.replies:
            continue
        heard = _heard(lead, ledger.requests)
        for child in asked[lead.id]:
            if child.parent != lead.session or child.status != "done":
                continue
            if child.token not in heard:
                yield f"{lead.token} answered without the answer of {child.token}"


def _heard(lead: Run, requests: list[Request]) -> frozenset[str]:
    number = lead.replies[-1][0]
    return requests[number - 1].heard if number else frozenset()


def _money(plan: Plan, path: Path, runs: list[Run]) -> Iterator[str]:
    total = sum(run.tokens for run in runs)
    with closing(sqlite3.connect(path)) as store:
        accounts = store.execute(
            "SELECT scope, limit_tokens, spent_tokens, reserved_tokens FROM budget_accounts"
        ).fetchall()
    for scope, limit, spent, reserved in accounts:
        if reserved:
            yield f"account {scope} still reserves {reserved} tokens"
        if limit is not None and spent > limit and not plan.lies:
            yield f"account {scope} spent {spent} of {limit} tokens"
        if scope.startswith("day") and spent < total:
            yield f"account {scope} spent {spent} tokens, and the runs {total}"


def _soundness(path: Path) -> Iterator[str]:
    with closing(SqliteDatabase.open_for_reading(path)) as database:
        chain = check_chain(database)
        rows = check_rows(Rows(database))
    if not chain.is_intact:
        yield f"the chain is broken: {chain}"
    if not rows.is_intact:
        yield f"rows do not follow from their events: {rows}"


def _errors(ledger: Ledger) -> Iterator[str]:
    for error in ledger.errors:
        is_expected = any(code in error for code in EXPECTED_OF_MEDDLERS)
        if not (is_expected and error.startswith("process 5")):
            yield error
