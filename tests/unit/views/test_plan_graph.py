"""A plan is drawn by levels for a terminal, and as a flowchart for a page."""

from __future__ import annotations

from parallel_agents.core.plan import Loop, Plan, RunIf, Step
from parallel_agents.views.plan_graph import as_mermaid, as_text, levels

INNER = Plan(name="inner", steps=(Step(id="page", agent="poet"),))
PLAN = Plan(
    name="verse",
    steps=(
        Step(id="facts", agent="lister"),
        Step(
            id="each",
            agent="poet",
            needs=("facts",),
            for_each="${tasks.facts.output}",
            approve="Go?",
        ),
        Step(id="two", agent="poet", for_each=["a", "b"], hand_off=("lister",), person="Who?"),
        Step(id="nested", plan=INNER, needs=("each", "two"), run_if=RunIf.ANY_DONE),
        Step(id="end", agent="poet", needs=("each",), when='"<" in x', loop=Loop(until="y > 1")),
    ),
)
TEXT = """\
verse
  facts      lister
  two \N{MULTIPLICATION SIGN}2     poet → lister → a person
  ↓
  each ▲ \N{MULTIPLICATION SIGN}n  poet ← facts
      each of ${tasks.facts.output}
  ↓
  nested     flow inner ← each, two
      if any done
      inner
        page  poet
  end ↻3     poet ← each
      when "<" in x
      until y > 1"""


def test_steps_of_one_level_need_nothing_of_each_other() -> None:
    assert levels(PLAN) == [["facts", "two"], ["each"], ["nested", "end"]]


def test_the_text_has_levels_needs_and_signs() -> None:
    assert as_text(PLAN) == TEXT


def test_no_line_is_wider_than_the_terminal() -> None:
    steps = [Step(id=f"step_{n}", agent="poet") for n in range(20)]
    needs = tuple(step.id for step in steps)
    last = Step(id="last", agent="poet", needs=needs, when="x > 1 and " * 20 + "y")

    assert max(map(len, as_text(Plan(name="wide", steps=(*steps, last))).split("\n"))) <= 80


def test_the_flowchart_has_nodes_arrows_and_nested_plans() -> None:
    drawn = as_mermaid(PLAN).split("\n")

    assert drawn[0] == "flowchart TD"
    assert "  facts --> each" in drawn
    assert "  each -.-> end" in drawn
    assert '  subgraph nested["nested<br>flow inner<br>if any done"]' in drawn
    assert '    nested__page["page<br>poet"]' in drawn
    assert any("when &quot;&lt;&quot; in x" in line for line in drawn)
