"""Creator: the built-in flows that make an agent, make one better, and make many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from parallel_agents.agent_versions.record import Files, Origin
from parallel_agents.cases.report import TestReport
from parallel_agents.cases.testing import test_agent
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.catalog.source import Source
from parallel_agents.core.agent import Agent
from parallel_agents.core.run import Result as TaskResult
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tool import Effect
from parallel_agents.creating import asking
from parallel_agents.creating.candidate import Candidate, read_candidate, read_created
from parallel_agents.creating.case_design import cases_document
from parallel_agents.creating.created import Created, CreateOptions, Round
from parallel_agents.creating.design import read_design
from parallel_agents.creating.keeping import Keeping, Result, Reviewer, Start
from parallel_agents.creating.lint import lint_created
from parallel_agents.creating.results import failed_of, told_results
from parallel_agents.creating.review import Review, read_review
from parallel_agents.creating.writing import agent_text, cases_text, with_instructions
from parallel_agents.errors import InvalidInput
from parallel_agents.flows.flow import Flow, steps_of

CREATE, REFINE, REGISTER = "create_agent", "refine_agent", "register_agent"
_DEFAULTS = CreateOptions()


class _Wanted(NamedTuple):
    """An agent that is made.

    Attributes:
        is_own: whether a person wrote it, who may give it any power.
    """

    name: str
    purpose: str
    options: CreateOptions
    is_own: bool = False


class _Seen(NamedTuple):
    """A version that was tried.

    Attributes:
        critique: the reviewer's.
        failed: the cases that it did not pass, with what it answered.
        is_hopeless: whether another version would fail for the same reasons.
    """

    candidate: Candidate
    round: Round
    critique: str = ""
    failed: tuple[str, ...] = ()
    is_hopeless: bool = False

    @property
    def rank(self) -> tuple[bool, bool, float, float]:
        """How good it is, for comparison."""
        passed = (self.round.passed or 0) / max(1, self.round.cases)
        is_clean = not self.candidate.findings
        return not self.round.reasons, is_clean, passed, self.round.score or 0.0


class Creator:
    """The flows that make agents.

    Args:
        keeping: where they begin and end up.
        catalog: has the agents that make them.
    """

    def __init__(self, keeping: Keeping, catalog: Catalog) -> None:
        self._keeping = keeping
        self._catalog = catalog

    async def create_agent(
        self, flow: Flow, name: str, purpose: str, options: CreateOptions = _DEFAULTS
    ) -> Created:
        """Make an agent for a purpose, and register it if it is good enough."""
        begun = self._keeping.begun
        await flow.step("begin", begun, name, purpose, options, effect=Effect.PURE)
        wanted = _Wanted(name, purpose, options)
        creator = self._catalog.agent(asking.CREATOR)
        asked = asking.design_task(creator, name, purpose, options.tools)
        design = read_design(_object(await flow.task("design", asked)), options.tools)
        asked = asking.instructions_task(creator, name, purpose, design)
        instructions = str(_object(await flow.task("instructions", asked))["instructions"])
        files = Files(agent_text(name, design, instructions))
        linted = lint_created(name, files.agent, options.tools)
        if linted.agent is None:
            listed = "; ".join(map(str, linted.findings))
            raise InvalidInput(f"the agent {name} cannot be written", why=listed)
        cases = await self._cases(flow, wanted, linted.agent, ())
        return await self._improved(flow, wanted, files._replace(cases=cases), Origin.CREATED)

    async def refine_agent(
        self, flow: Flow, name: str, purpose: str = "", options: CreateOptions = _DEFAULTS
    ) -> Created:
        """Make an agent or a draft better, and register it if it is good enough."""
        begun = self._keeping.begun_from
        start: Start = await flow.step("begin", begun, name, purpose, options, effect=Effect.PURE)
        wanted = _Wanted(name, start.purpose, options, start.is_own)
        files = Files(start.agent, start.cases)
        candidate = await self._read(wanted, files)
        if candidate.agent is not None and not files.cases:
            cases = await self._cases(flow, wanted, candidate.agent, ())
            files = files._replace(cases=cases)
        return await self._improved(flow, wanted, files, Origin.REFINED)

    async def register_agent(
        self, flow: Flow, name: str, options: CreateOptions = _DEFAULTS
    ) -> Created:
        """Register an agent that a person wrote, as it is, if it is good enough."""
        begun = self._keeping.begun_from
        start: Start = await flow.step("begin", begun, name, "", options, effect=Effect.PURE)
        wanted = _Wanted(name, start.purpose, replace(options, rounds=1), start.is_own)
        files = Files(start.agent, start.cases)
        return await self._improved(flow, wanted, files, Origin.REGISTERED)

    async def _improved(self, flow: Flow, wanted: _Wanted, files: Files, origin: Origin) -> Created:
        """Try versions until one is good enough, and keep the best."""
        choose = self._keeping.reviewer
        reviewer: Reviewer = await flow.step(
            "reviewer", choose, wanted.options, asking.REVIEWER, effect=Effect.PURE
        )
        tried: list[_Seen] = []
        for number in range(1, wanted.options.rounds + 1):
            seen = await self._tried(flow, wanted, files, reviewer, number)
            tried.append(seen)
            if not seen.round.reasons or seen.is_hopeless or number == wanted.options.rounds:
                break
            files = await self._next(flow, wanted, seen)
        best = max(tried, key=lambda seen: seen.rank)
        result = Result(
            name=wanted.name,
            purpose=wanted.purpose,
            agent=best.candidate.files.agent,
            cases=best.candidate.files.cases,
            run=steps_of(flow).work.session.key,
            origin=origin,
            best=best.round,
            rounds=tuple(seen.round for seen in tried),
            reviewer=reviewer,
        )
        kept: Created = await flow.step(
            "keep", self._keeping.keep, result, wanted.options, effect=Effect.IDEMPOTENT
        )
        return kept

    async def _read(self, wanted: _Wanted, files: Files) -> Candidate:
        if wanted.is_own:
            return await read_candidate(wanted.name, files)
        return await read_created(wanted.name, files, wanted.options.tools)

    async def _tried(
        self, flow: Flow, wanted: _Wanted, files: Files, reviewer: Reviewer, number: int
    ) -> _Seen:
        """A version with all that speaks against it; it is run only if nothing is wrong with its files."""
        candidate = await self._read(wanted, files)
        if candidate.agent is None or candidate.findings:
            reasons = tuple(map(str, candidate.findings))
            count = len(candidate.cases)
            found = Round(number=number, score=None, passed=None, cases=count, reasons=reasons)
            return _Seen(candidate, found, is_hopeless=candidate.agent is None)
        report = await test_agent(
            steps_of(flow), candidate.agent, candidate.cases, key=f"test-{number}"
        )
        review = Review(None, why=f"{reviewer.model} may not judge: {reviewer.weakness}")
        if reviewer.is_allowed:
            review = await self._review(flow, wanted, candidate, report, reviewer, number)
        reasons = (*_of_report(report, wanted.options), *_of_review(review, wanted.options))
        found = Round(
            number=number,
            score=review.score,
            passed=report.passed,
            cases=len(candidate.cases),
            reasons=reasons,
            model=next((each.model for each in report.tries if each.model), ""),
        )
        is_passed = not _of_report(report, wanted.options)
        is_hopeless = is_passed and not reviewer.is_allowed
        return _Seen(candidate, found, review.critique, failed_of(report), is_hopeless)

    async def _review(
        self,
        flow: Flow,
        wanted: _Wanted,
        candidate: Candidate,
        report: TestReport,
        reviewer: Reviewer,
        number: int,
    ) -> Review:
        draft, results = asking.draft_text(candidate.files), told_results(report)
        agent = self._catalog.agent(asking.REVIEWER)
        asked = asking.review_task(
            agent, wanted.name, wanted.purpose, draft, results, reviewer.model
        )
        result = await flow.task(f"review-{number}", asked, check=False)
        return read_review(result, (draft, results))

    async def _next(self, flow: Flow, wanted: _Wanted, seen: _Seen) -> Files:
        """The files of the next version."""
        candidate = seen.candidate
        files, agent = candidate.files, candidate.agent
        assert agent is not None, "a file that is not valid is hopeless"
        if candidate.of_cases:
            problems = [str(each) for each in candidate.of_cases]
            files = files._replace(cases=await self._cases(flow, wanted, agent, problems))
        if candidate.of_agent or not candidate.of_cases:
            asked = asking.refine_task(
                self._catalog.agent(asking.REFINER),
                wanted.purpose,
                agent,
                [str(each) for each in candidate.of_agent],
                seen.failed,
                seen.critique,
            )
            answer = _object(await flow.task("refine", asked))
            source = Source(Path(f"{wanted.name}.md"), files.agent)
            text = with_instructions(source, str(answer["instructions"]))
            files = files._replace(agent=text)
        return files

    async def _cases(
        self, flow: Flow, wanted: _Wanted, agent: Agent, problems: Sequence[str]
    ) -> str:
        creator = self._catalog.agent(asking.CREATOR)
        asked = asking.cases_task(creator, wanted.purpose, agent, problems)
        return cases_text(cases_document(agent, _object(await flow.task("cases", asked))))


def _object(result: TaskResult[Any]) -> JsonObject:
    output = result.output_json
    assert isinstance(output, Mapping), "the answer matches a schema of an object"
    return output


def _of_report(report: TestReport, options: CreateOptions) -> tuple[str, ...]:
    """Why the cases keep an agent from being registered."""
    tried = len(report.tries)
    if tried and report.passed / tried >= options.min_pass:
        return ()
    told = f"it passed {report.passed} of its {tried} cases"
    return (told, *failed_of(report))


def _of_review(review: Review, options: CreateOptions) -> tuple[str, ...]:
    if review.score is None:
        return (f"it has no score: {review.why}",)
    if review.score >= options.target:
        return ()
    return (f"its score is {review.score:g}, below {options.target:g}",)
