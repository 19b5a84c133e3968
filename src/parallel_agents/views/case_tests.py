"""Case tests: what a test of an agent came to, as people read it: a line for each try, and their sum."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.cases.interval import wilson
from parallel_agents.cases.report import (
    CaseTry,
    CheckEnd,
    CheckStatus,
    TestReport,
    TryStatus,
    cost_of,
)
from parallel_agents.core.dollars import dollars as spent
from parallel_agents.views import format

_GLYPHS = {TryStatus.PASSED: "✔", TryStatus.FAILED: "✖", TryStatus.NOT_TRIED: "○"}
_SHOWN_CHARACTERS = 160
_CHECK_CHARACTERS = 80


def dollars(cost: float | None) -> str:
    """A cost; an unknown one is a dash, and never nothing."""
    if cost is None:
        return "—"
    return "free" if cost == 0 else spent(cost)


def try_lines(each: CaseTry, title: str = "") -> list[str]:
    """A try on one line, and below it what it did not pass, or why it was not tried.

    `title` tells the tries of several models and versions apart.
    """
    name = each.case if each.number == 1 else f"{each.case} ({each.number})"
    name += f" [{title}]" if title else ""
    if each.status is TryStatus.NOT_TRIED:
        return [f"○ {name}  not tried: {_cut(each.why)}", *_kept(each)]
    score = "" if each.score is None else f"  {each.score:g}/10"
    cost = "simulated" if each.simulated_usd else dollars(each.cost_usd)
    took = f"{format.seconds(each.seconds)}  {cost}"
    lines = [f"{_GLYPHS[each.status]} {name}{score}  {took}"]
    lines += [f"    {line}" for check in each.checks for line in _check_lines(check)]
    if each.status is TryStatus.FAILED:
        if each.why:
            lines.append(f"    {_cut(each.why)}")
        if each.saw:
            lines.append(f"    answer: {_cut(each.saw)}")
    return lines + _kept(each)


def _kept(each: CaseTry) -> list[str]:
    return [f"    kept: {format.clean(each.folder)}"] if each.folder else []


def _failed(check: CheckEnd) -> list[str]:
    """A check that failed, and what it saw; a critique that only repeats the check is left out."""
    what = f"failed: {_cut(check.check, _CHECK_CHARACTERS)}"
    if check.saw:
        return [what, f"  saw {_cut(check.saw)}"]
    repeated = check.check.removeprefix("not_").removeprefix("regex ")
    return [what if repeated in check.why else f"{what}: {_cut(check.why)}"]


def _check_lines(check: CheckEnd) -> list[str]:
    match check.status:
        case CheckStatus.PASSED:
            return [f"note: {_cut(check.notice)}"] if check.notice else []
        case CheckStatus.FAILED:
            return _failed(check)
        case CheckStatus.NOT_JUDGED:
            what = "rubric" if check.is_rubric else _cut(check.check, _CHECK_CHARACTERS)
            return [f"{what} not judged: {_cut(check.why)}"]


def sum_line(report: TestReport) -> str:
    """How many tries passed, their rate with its interval, the time and the cost of a test."""
    tried = report.passed + report.failed
    counts = [f"{report.passed} of {len(report.tries)} passed"]
    if report.not_tried:
        counts += [f"{report.failed} failed"] if report.failed else []
        counts.append(f"{report.not_tried} not tried")
    parts = [", ".join(counts)]
    if tried:
        low, high = wilson(report.passed, tried)
        of = " of those tried" if report.not_tried else ""
        rate = f"{report.passed / tried:.0%}{of}"
        parts.append(f"{rate}, 95 % interval {low:.0%} to {high:.0%}")
    if any(each.session for each in report.tries):
        parts.append(format.seconds(sum(each.seconds for each in report.tries)))
        is_simulated = any(each.simulated_usd for each in report.tries)
        parts.append("simulated" if is_simulated else dollars(cost_of(report.tries)))
    return "   ".join(parts)


def models_of(report: TestReport) -> str:
    """The models that a test ran on."""
    return ", ".join(dict.fromkeys(each.model for each in report.tries if each.model)) or "no model"


def is_compared(reports: Sequence[TestReport]) -> bool:
    """Whether a test was of two versions of its agent."""
    return len({report.version for report in reports}) > 1


def regressions(reports: Sequence[TestReport]) -> list[str]:
    """The cases that the other version passed each time, and this one does not, by model."""
    ours = [report for report in reports if report.version == reports[0].version]
    theirs = [report for report in reports if report.version != reports[0].version]
    lost: list[str] = []
    for now, before in zip(ours, theirs, strict=True):
        passes = set(_always_passed(now.tries))
        name = models_of(now)
        lost += [f"{c} on {name}" for c in _always_passed(before.tries) if c not in passes]
    return lost


def _always_passed(tries: Sequence[CaseTry]) -> list[str]:
    lost = {each.case for each in tries if each.status is not TryStatus.PASSED}
    return [case for case in dict.fromkeys(each.case for each in tries) if case not in lost]


def _cut(text: str, most: int = _SHOWN_CHARACTERS) -> str:
    return format.cut(format.one_line(text), most)
