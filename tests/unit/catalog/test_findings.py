"""Everything that is wrong with a file is told by one error, in the order of its lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.catalog.findings import Findings
from parallel_agents.catalog.source import Source
from parallel_agents.errors import InvalidFile

SOURCE = Source(Path("team.yaml"), "a\nb\nc\n")


def test_findings_are_told_once_by_the_first_line_and_include_those_of_others() -> None:
    inner = Findings()
    inner.add(SOURCE.error(3, "c", hint="x"))
    inner.add(SOURCE.error(2, "b", hint="x"))
    findings = Findings()

    with findings.collecting():
        inner.refuse()
    findings.add(SOURCE.error(1, "a", hint="x"))
    findings.add(SOURCE.error(2, "b", hint="x"))

    with pytest.raises(InvalidFile) as caught:
        findings.refuse()
    assert caught.value.message == "team.yaml:1: a"
    assert [each.line for each in caught.value.others] == [2, 3]


def test_a_file_without_findings_is_not_refused() -> None:
    findings = Findings()

    with findings.collecting():
        pass

    findings.refuse()
