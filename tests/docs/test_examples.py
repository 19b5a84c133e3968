"""Every script in `examples/` runs unchanged, offline, against a loopback provider."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.docs.conftest import Offline

EXAMPLES = Path(__file__).parents[2] / "examples"
DOCS = EXAMPLES.parent / "docs"
SCRIPTS = sorted(EXAMPLES.rglob("*.py"))
OUTPUTS = {
    "competitive_monitoring.py": "tuesday: done, 3 of 50 have news",
    "content_pipeline.py": "article: done, 6 calls\ntea.md",
    "customer_support.py": "desk: done, {'answered': 100}",
    "research_platform.py": " findings, 0 unanswered",
    "best_of.py": "slogan: done",
    "events.py": "desk-1: done, 2 answers",
    "hand_off.py": "support: done",
    "loop.py": "shorten: done",
    "manager.py": "report: done",
    "nested.py": "book: done, 2 chapters",
    "sequence.py": "article: done, 3 calls",
    "vote.py": "classify: done",
    "basket.py": "average price: 4.0",
    "captions_and_review.py": "test_engineer: done",
    "durable_run.py": "six-topics: done, 6 calls in all",
    "flow.py": "launch: done, 4 calls in all",
    "flow_with_a_person.py": "ticket-7: sent",
    "plan.py": "page: done, 4 calls in all",
    "pool.py": "the worker ended with -9\n6 answers in 6 runs of clerks-1, clerks-2\n",
    "own_provider.py": "done office/model 0.0",
    "sort_tickets.py": "'kind': 'bug'",
    "stream.py": "4 of 4 tickets sorted",
    "steer_and_kill.py": "ended 1; spare is killed",
    "tool.py": "there are apples, pears",
}


def run_script(offline: Offline, script: Path) -> str:
    arguments = {
        "content_pipeline.py": [str(offline.project / "published")],
        "customer_support.py": ["100"],  # a fifth of its tickets
        "own_provider.py": [offline.provider.base_url, "model"],
    }.get(script.name, [])
    if (script.parent / ".parallel-agents").is_dir():
        offline.run(["pagents", "trust", "--yes"], folder=script.parent)
    ended = offline.run(["python", script.name, *arguments], folder=script.parent)
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_an_example_runs_and_prints_the_expected_output(offline: Offline, script: Path) -> None:
    output = run_script(offline, script)

    assert OUTPUTS[script.name] in output
    assert "Traceback" not in output


def test_every_expected_output_belongs_to_an_example() -> None:
    assert OUTPUTS.keys() == {script.name for script in SCRIPTS}


def test_the_durable_example_calls_no_model_the_second_time(offline: Offline) -> None:
    first = run_script(offline, EXAMPLES / "durable_run.py")
    calls = len(offline.provider.requests)

    second = run_script(offline, EXAMPLES / "durable_run.py")

    assert calls == 6
    assert len(offline.provider.requests) == calls
    assert second == first


def test_the_message_of_the_steering_example_reaches_the_model(offline: Offline) -> None:
    run_script(offline, EXAMPLES / "steer_and_kill.py")

    bodies = [str(request.body) for request in offline.provider.requests]
    assert any("Mention coffee." in body for body in bodies)


def run_keys(script: Path) -> list[str]:
    """The keys of the runs that a script starts."""
    starting = re.compile(r"run|arun|run_flow|arun_flow|run_plan|stream|map_rows|do|spawn_flow")
    return [
        keyword.value.value
        for call in ast.walk(ast.parse(script.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        if starting.fullmatch(call.func.attr) and getattr(call.func.value, "id", "") != "pool"
        for keyword in call.keywords
        if keyword.arg == "key" and isinstance(keyword.value, ast.Constant)
        if isinstance(keyword.value.value, str)
    ]


def test_all_examples_and_pages_can_be_tried_in_one_home() -> None:
    used = Counter(key for script in SCRIPTS for key in run_keys(script))
    pages = "".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))
    of_pages = set(re.findall(r'\bpa\.\w+\(.*\bkey="([^"]+)"', pages))

    assert len(used) > 10
    assert [key for key, times in used.items() if times > 1 or key in of_pages] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_example_says_why_its_run_failed(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    printed = text[text.rfind("result = ") :]

    assert "result.output" not in printed or "result.is_done" in printed
