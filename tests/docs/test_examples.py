"""Every script of `examples/` runs as it is, offline, against a provider on loopback."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.docs.conftest import Offline

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTS = sorted(EXAMPLES.rglob("*.py"))
SAYS = {
    "basket.py": "average price: 4.0",
    "captions_and_review.py": "test_engineer: done",
    "durable_run.py": "six-topics: done, 6 calls in all",
    "own_provider.py": "done office/model 0.0",
    "sort_tickets.py": "'kind': 'bug'",
    "steer_and_kill.py": "ended 1; spare is killed",
    "tool.py": "there are apples, pears",
}


def run_script(offline: Offline, script: Path) -> str:
    arguments = [offline.provider.base_url, "model"] if script.name == "own_provider.py" else []
    ended = offline.run([sys.executable, script.name, *arguments], folder=script.parent)
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_an_example_runs_to_its_end_and_says_what_it_promises(
    offline: Offline, script: Path
) -> None:
    said = run_script(offline, script)

    assert SAYS[script.name] in said
    assert "Traceback" not in said


def test_every_promise_is_of_an_example() -> None:
    assert SAYS.keys() == {script.name for script in SCRIPTS}


def test_the_durable_example_asks_no_model_the_second_time(offline: Offline) -> None:
    first = run_script(offline, EXAMPLES / "durable_run.py")
    asked = len(offline.provider.requests)

    second = run_script(offline, EXAMPLES / "durable_run.py")

    assert asked == 6
    assert len(offline.provider.requests) == asked
    assert second == first


def test_a_word_of_the_steering_example_reaches_the_model(offline: Offline) -> None:
    run_script(offline, EXAMPLES / "steer_and_kill.py")

    asked = [str(request.body) for request in offline.provider.requests]
    assert any("Mention coffee." in body for body in asked)
