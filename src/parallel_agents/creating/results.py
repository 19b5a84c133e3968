"""Results: what became of an agent's cases, as its reviewer and its refiner read it."""

from __future__ import annotations

from parallel_agents.cases.report import CaseTry, CheckStatus, TestReport, TryStatus


def told_results(report: TestReport) -> str:
    """A line for each case: whether it passed, and what the agent answered."""
    lines = (f"{each.status.value} {each.case}: {_told(each)}" for each in report.tries)
    return "\n".join(lines)


def failed_of(report: TestReport) -> tuple[str, ...]:
    """The cases that were not passed, with what was found and what the agent answered."""
    return tuple(
        f"case {each.case}: {_told(each)}"
        for each in report.tries
        if each.status is not TryStatus.PASSED
    )


def _told(case: CaseTry) -> str:
    failed = [check for check in case.checks if check.status is not CheckStatus.PASSED]
    why = [case.why, *(check.why or check.check for check in failed)]
    saw = [f"it answered: {case.saw}"] if case.saw else []
    return "; ".join(filter(None, (*why, *saw))) or case.status.value
