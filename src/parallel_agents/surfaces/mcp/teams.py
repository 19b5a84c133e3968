"""Teams: what a client is answered on teams, runs, costs and dead letters."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum

import orjson

from parallel_agents.app.begin_team import TeamRequest, begin_team
from parallel_agents.app.thin import ThinClient
from parallel_agents.catalog.team import Team
from parallel_agents.core.budget import Budget
from parallel_agents.core.object_schema import properties
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunnerKind
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.store import Filter
from parallel_agents.core.usage import Spend
from parallel_agents.core.verbs import Spawned
from parallel_agents.errors import NotFound
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.clients import nearest_of_client, of_clients
from parallel_agents.session_tools.context import Requester
from parallel_agents.session_tools.records import needs_fields
from parallel_agents.session_tools.results import result_row, shared
from parallel_agents.session_tools.rows import label_of
from parallel_agents.session_tools.wait import STUCK
from parallel_agents.session_tools.waiting import NEEDS_PERSON
from parallel_agents.sessions.unclaimed import waits_in_vain
from parallel_agents.settings import Environment
from parallel_agents.surfaces.mcp.team_offers import COST, LETTERS, RUN, STATUS, TEAMS
from parallel_agents.views.costs import costs_by_agent
from parallel_agents.views.last_tries import last_tries
from parallel_agents.views.sessions import SessionLine, lines_of

_MOST_TASKS = 50  # of one answer
_MOST_TREES = 100  # of which costs are summed
_BRIEF = 90
_MAX_BYTES = 24 * 1024
_RESULT_TOKENS = 1000


class _Letters(StrEnum):
    LIST = "list"
    RETRY = "retry"


class TeamTools:
    """The tools of a client that acts for no session."""

    def __init__(self, client: ThinClient, environment: Environment, requester: Requester) -> None:
        self._client = client
        self._environment = environment
        self._requester = requester

    async def call(self, name: str, given: Arguments) -> JsonObject:
        """The answer of a tool.

        Raises:
            Refusal: an argument is wrong.
            PagentsError: the call cannot be done.
        """
        match name:
            case "teams_list":
                return await self._teams(given.name("teamId"))
            case "team_run":
                return await self._run(given)
            case "run_status":
                return await self._status(given)
            case "cost_report":
                return await self._cost(given.name("run"))
            case _:
                return await self._letters(given)

    async def _teams(self, name: str) -> JsonObject:
        catalog = self._client.catalog
        if name:
            team = await self._team(name)
            head = {"id": team.name, "description": team.description, "tasks": _tasks_of(team)}
            return {"status": "ok", "teams": [{**head, "inputs": team.input_schema}]}
        entries = await asyncio.to_thread(catalog.teams)
        found = [entry.content for entry in entries if isinstance(entry.content, Team)]
        teams: list[Json] = [
            {
                "id": team.name,
                "description": team.description[:_BRIEF],
                "inputs": list(properties(team.input_schema)),
            }
            for team in found
        ]
        return {"status": "ok", "teams": teams[:_MOST_TASKS], "total": len(teams)}

    async def _team(self, name: str) -> Team:
        """The team of that name; a client names no files.

        Raises:
            NotFound, InvalidFile: there is none, or its file cannot be used.
        """
        if "/" in name or "." in name:
            raise NotFound(f"there is no team {name[:80]!r}", hint="teams_list shows their names")
        return await asyncio.to_thread(self._client.catalog.team, name)

    async def _run(self, given: Arguments) -> JsonObject:
        client = self._client
        team = await self._team(given.name("teamId"))
        dollars = given.positive("budgetUsd")
        asked = TeamRequest(
            values=given.object("input") or {},
            model=given.text("model") or None,
            budget=None if dollars is None else Budget(usd=dollars),
            timeout_seconds=given.whole("runTimeoutSeconds") or None,
            key=self._requester.call or None,
        )
        spawned = await begin_team(client, client.sessions, self._environment, team, asked)
        return _accepted(spawned, {"label": team.name})

    async def _status(self, given: Arguments) -> JsonObject:
        sessions = self._client.sessions
        row = await self._find(given.name("run"))
        if wait := self._requester.wait_of(given.whole("timeoutSeconds") or 0):
            await self._client.session_tools.wait([row.run.id], self._requester, seconds=wait)
            (row,) = await sessions.rows_of([row.run.id])
        runs = (await last_tries(sessions, self._client.journal, row)).runs
        members = await sessions.rows_of(runs)
        top, *lines = lines_of(await self._client.journal.look([row, *members]))
        own = await sessions.results([row.run.id]) if row.run.kind is RunnerKind.FLOW else ()
        offset = given.whole("offset") or 0
        tasks = await self._tasks(members[offset : offset + _MOST_TASKS])
        end = offset + len(tasks)
        costs = await self._client.journal.costs(tree=row.session.key)
        if row.run.status.is_over and end >= len(members):
            await self._client.session_tools.note_given([row.run.id], self._requester)
        return {
            "status": "ok",
            "run": row.run.status.value,
            "runId": row.run.id,
            "sessionKey": row.session.key,
            **label_of(row.session),
            "counts": dict(Counter(line.state.replace(" ", "_") for line in lines)),
            **needs_fields(top.needs, top.asks),
            "tasks": tasks,
            **({"result": result_row(own[0], max_tokens=_RESULT_TOKENS)} if own else {}),
            **({"hasMore": True, "nextOffset": end} if end < len(members) else {}),
            **_money(sum((each.spend for each in costs), Spend())),
            **({} if row.run.status.is_over else {"note": _note(top, tasks)}),
        }

    async def _tasks(self, rows: Sequence[Row]) -> list[Json]:
        """As many of these tasks as an answer holds, with the results of those that have ended."""
        results = await self._client.sessions.results([row.run.id for row in rows])
        most = shared(_RESULT_TOKENS, results)
        ended = {str(each.run_id): result_row(each, max_tokens=most) for each in results}
        needs = await self._client.session_tools.needs(rows)
        tasks: list[Json] = []
        left = _MAX_BYTES
        for row in rows:
            lack = waits_in_vain(row, self._client.readiness.lacks)
            task: JsonObject = {
                "agentId": row.session.agent.name,
                **ended.get(row.run.id, {"runId": row.run.id, "sessionKey": row.session.key}),
                "label": row.session.label,
                "status": row.run.status.value,
                **({"waitsFor": lack} if lack else {}),
                **needs.get(row.run.id, {}),
            }
            left -= len(orjson.dumps(task))
            if left < 0 and tasks:
                break
            tasks.append(task)
        return tasks

    async def _cost(self, name: str) -> JsonObject:
        rows = [await self._find(name)] if name else await self._roots()
        costs = [
            cost for row in rows for cost in await self._client.journal.costs(tree=row.session.key)
        ]
        agents: list[Json] = [
            {"agentId": agent, "runs": each.runs, "accepted": each.accepted, **_money(each.spend)}
            for agent, each in costs_by_agent(costs).items()
        ]
        total = sum((cost.spend for cost in costs), Spend())
        note = (
            {"note": f"The newest {_MOST_TREES} are counted."} if len(rows) == _MOST_TREES else {}
        )
        return {"status": "ok", **_money(total), "agents": agents, **note}

    async def _letters(self, given: Arguments) -> JsonObject:
        sessions = self._client.sessions
        letters = await sessions.dead_letters()
        seen = await self._seen([Row(session=each.session, run=each.run) for each in letters])
        reached = {row.run.id for row in seen}
        letters = [each for each in letters if each.run.id in reached]
        if given.choice("action", _Letters, _Letters.LIST) is _Letters.RETRY:
            asked = given.name("runId")
            if not asked:
                raise Refusal("runId required: dead_letters lists those of failed tasks")
            letter = next((each for each in letters if each.run.id == asked), None)
            if letter is None:
                raise NotFound(
                    f"there is no failed task {asked!r}", hint="dead_letters lists their run ids"
                )
            spawned = await sessions.retry(letter)
            (row,) = await sessions.rows_of([spawned.run_id])
            return _accepted(spawned, label_of(row.session))
        listed: list[Json] = [
            {
                "runId": each.run.id,
                **label_of(each.session),
                "agentId": each.session.agent.name,
                "error": "" if each.error is None else f"{each.error.code} {each.error.message}",
                "at": round(each.at * 1000),
            }
            for each in letters[:_MOST_TASKS]
        ]
        return {"status": "ok", "letters": listed, "total": len(letters)}

    async def _find(self, name: str) -> Row:
        """The session that the client means, if it reaches it.

        Raises:
            NotFound: it does not, or there is none.
        """
        sessions, who = self._client.sessions, self._requester.client
        near = await nearest_of_client(sessions, name, who) if who else None
        found = near or await sessions.find(name)
        if not await self._seen([found]):
            raise NotFound(
                f"{found.session.label} was not spawned by a client",
                why="it is the work of the person",
                hint="`pagents mcp --all-sessions` lets clients reach it",
            )
        return found

    async def _seen(self, rows: Sequence[Row]) -> Sequence[Row]:
        return await of_clients(self._client.sessions, rows) if self._requester.client else rows

    async def _roots(self) -> list[Row]:
        who = self._requester.client or None
        chosen = Filter(client=who, roots_only=True, limit=_MOST_TREES)
        return await self._client.sessions.list(chosen)


NAMES = (TEAMS, RUN, STATUS, COST, LETTERS)


def _note(top: SessionLine, tasks: Sequence[Json]) -> str:
    """What to do about a run that has not ended."""
    is_stuck = any(isinstance(task, Mapping) and "waitsFor" in task for task in tasks)
    left = STUCK if is_stuck else "It continues; ask again."
    if not top.needs:
        return left
    is_at_work = top.counts.get("running", 0) + top.counts.get("queued", 0) > top.needed
    return f"{NEEDS_PERSON} {left}" if is_at_work else NEEDS_PERSON


def _tasks_of(team: Team) -> list[Json]:
    if team.plan is not None:
        return [{"label": step.id, "needs": list(step.needs)} for step in team.plan.steps]
    return [{"label": task.label, "agentId": task.agent.name} for task in team.tasks]


def _accepted(spawned: Spawned, label: JsonObject) -> JsonObject:
    return {
        "status": "accepted",
        "runId": spawned.run_id,
        "sessionKey": spawned.session_key,
        **label,
        "note": "Runs in the background. run_status says how far it is, and has the results.",
    }


def _money(spend: Spend) -> JsonObject:
    """What was spent; None stands for a price that is not known."""
    simulated = {"simulatedUsd": round(spend.simulated_usd, 6)} if spend.simulated_nanousd else {}
    tokens = spend.usage.total_tokens
    return {"costUsd": spend.cost_usd, **simulated, "tokens": tokens, "calls": spend.calls}
