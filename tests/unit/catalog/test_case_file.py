"""A file of cases is read strictly: what is wrong is told with its line, and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.catalog.case_file import parse_cases
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.catalog.source import Source
from parallel_agents.core.gate import CommandGate, ConditionGate, RegexGate
from parallel_agents.errors import InvalidFile

WHOLE = """agent: writer
cases:
  - id: one
    text: Write.
    input: {about: tea}
    files:
      a/b.txt: |
        old
    changed:
      a/b.txt: new
    checks:
      - condition: len(text) > 0
      - not_regex: coffee
      - command: [python3, -c, pass]
    rubric: Says what tea is.
    at_least: 8
"""


def parse(text: str, name: str = "writer.yaml") -> object:
    return parse_cases(Source(Path(name), text))


def test_a_case_has_all_that_its_file_says() -> None:
    (case,) = parse_cases(Source(Path("writer.yaml"), WHOLE))

    assert case.files == {"a/b.txt": "old\n"}
    assert case.changed == {"a/b.txt": "new"}
    assert [type(check) for check in case.checks] == [ConditionGate, RegexGate, CommandGate]
    assert (case.rubric, case.at_least) == ("Says what tea is.", 8)


@pytest.mark.parametrize(
    ("change", "line", "what"),
    [
        (("agent: writer", "agent: reader"), 1, "these are cases for 'reader'"),
        (("text:", "txet:"), 4, "there is no field"),
        (("not_regex", "no_regex"), 13, "there is no field"),
        (("a/b.txt: |", "../b.txt: |"), 3, "not the path"),
        (("len(text) > 0", "len(text) >"), 12, ""),
        (("at_least: 8", "at_least: 11"), 16, "at_least"),
    ],
)
def test_a_mistake_is_told_with_its_line(change: tuple[str, str], line: int, what: str) -> None:
    with pytest.raises(InvalidFile, match=f"writer.yaml:{line}:.*{what}") as refused:
        parse(WHOLE.replace(*change))

    assert refused.value.hint


def test_two_cases_with_one_id_are_refused() -> None:
    case = "  - {id: one, text: Write., checks: [{regex: a}]}\n"

    with pytest.raises(InvalidFile, match=r"writer.yaml:4:.*'one' appears twice"):
        parse(f"agent: writer\ncases:\n{case}{case}")


def test_cases_in_the_users_folder_override_the_built_in_ones(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    text = WHOLE.replace("agent: writer", "agent: code_reviewer")
    (tmp_path / "cases" / "code_reviewer.yaml").write_text(text, "utf-8")

    assert [case.id for case in Catalog([tmp_path]).cases("code_reviewer")] == ["one"]
    assert not Catalog([tmp_path]).cases("nobody")


def test_all_shipped_cases_are_valid_and_of_shipped_agents() -> None:
    catalog = Catalog()
    folder = Path(__file__).parents[3] / "src/parallel_agents/catalog/cases"

    for file in folder.glob("*.yaml"):
        assert catalog.agent(file.stem)
        assert catalog.cases(file.stem)
