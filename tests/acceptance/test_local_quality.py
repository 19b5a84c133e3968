"""Real inference held to gates: what the models say is theirs, what becomes of it is asserted.

Small models are good at being refused. The checks are code, as judges of that size would be a fake
gate. `--long` adds the embedded model, whose 1.1 GB are fetched once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_models import EMBEDDED, SMALL, fetched

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.processes import Ended

pytestmark = [pytest.mark.local_model, pytest.mark.long, pytest.mark.timeout(1800)]

SECONDS = 1500.0
TASK = (
    "Write is_palindrome(text): True where the text reads the same backwards; "
    "case and spaces do not count."
)
CODER = """\
---
name: coder
description: Writes one Python function.
ladder: [{models}]
output:
  type: object
  properties: {{code: {{type: string, maxLength: 600}}}}
  required: [code]
  additionalProperties: false
gates:
  - condition: "'return' in code"
  - command: [python3, check.py]
{loop}
---
You write Python. Answer with the code of the function that is asked for, and nothing else.
"""
CHECK = """\
import json, sys
code = json.load(sys.stdin)["code"]
names = {}
exec(code, names)
for given, wanted in (("Anna", True), ("nurses run", True), ("tea", False)):
    got = names["is_palindrome"](given)
    assert got is wanted, f"is_palindrome({given!r}) gave {got!r}, and {wanted} is right"
"""
LOOP = "refine: {{rounds: 3, patience: 2{by}}}\nlimits: {{max_output_tokens: 200}}"


@pytest.fixture
def models(pytestconfig: pytest.Config) -> Path:
    if not pytestconfig.getoption("--long"):
        pytest.skip("minutes of inference on all cores: --long")
    return fetched(SMALL)


@pytest.fixture
def local(pagents: Pagents, models: Path) -> Pagents:
    (pagents.home / "models").symlink_to(models)
    pagents.environment["PARALLEL_AGENTS_LOCAL_KEEP_SECONDS"] = "5"
    pagents.file("check.py", CHECK)
    return pagents


def coder(local: Pagents, *models: str, loop: str) -> tuple[Ended, list[dict[str, Any]]]:
    """A run of the coder on these models, and what is in its history, of its own session alone."""
    text = CODER.format(models=", ".join(models), loop=loop)
    local.project("agents/coder.md", text)
    ended = local.start("spawn", "coder", TASK, "--wait", "--label", "mine").ended(SECONDS)
    key = local.json("show", "mine")["sessions"][0]["session_key"]
    history = [event for event in local.items("history", "mine") if event["session_key"] == key]
    return ended, [event["event"] for event in history]


def of(bodies: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [body for body in bodies if body["kind"] == kind]


def passed(bodies: list[dict[str, Any]]) -> dict[int, int]:
    """How many gates each version passed."""
    count: dict[int, int] = {}
    for gated in of(bodies, "gated"):
        accepted = gated["verdict"]["is_accepted"]
        count[gated["attempt"]] = count.get(gated["attempt"], 0) + accepted
    return count


@pytest.mark.parametrize("by", ["", "refiner"])
def test_a_refine_loop_gated_by_checks_in_code(local: Pagents, by: str) -> None:
    ended, bodies = coder(local, SMALL, loop=LOOP.format(by=f", by: {by}" if by else ""))

    (end,) = of(bodies, "finished")
    versions, again = passed(bodies), of(bodies, "attempted")
    texts = [body["message"]["parts"][0]["text"] for body in of(bodies, "replied")]
    texts += [body["text"] for body in of(bodies, "revised")]
    best = max(versions.values(), default=0)
    outcome = end["outcome"]
    # It passes both checks and counts, or the best of its versions is kept with what refuses it.
    assert (outcome["status"], ended.code) == (("done", 0) if best == 2 else ("failed", 1)), ended
    assert outcome["text"] in texts
    # One that was cut or has not the form of an answer is no version that a gate has seen.
    assert len(versions) <= len(again) + 1 <= 3
    # The refiner works on what a gate refused; without such a version the writer tries again.
    codes = [body["error"]["code"] for body in again]
    assert [body["by"] for body in again] == [by if code == "PA-E310" else "" for code in codes]
    assert len(of(bodies, "revised")) == sum(bool(body["by"]) for body in again)
    if best < 2:
        assert outcome["error"]["code"] in ("PA-E310", "PA-E301", "PA-E211")
    assert local("audit", "--verify").code == 0


def test_a_model_of_that_size_may_not_judge(local: Pagents) -> None:
    told = local.start("judge", "calibrate", "--model", SMALL, "--pairs", "1").ended(SECONDS)
    local.project(
        "agents/critic.md",
        f"---\nname: critic\ndescription: Is judged.\nmodel: {SMALL}\n"
        f"gates: [{{judge: {{rubric: It is right., model: {SMALL}}}}}]\n"
        "output: {type: object, properties: {answer: {enum: ['yes', 'no']}}, required: [answer]}\n"
        "---\nAnswer yes or no.\n",
    )
    ended = local.start("spawn", "critic", "Is tea a drink?", "--wait").ended(SECONDS)

    # One pair of the ten may refuse a model, and never allows one.
    assert told.code in (0, 1), told
    assert told.code == 0 or f"{SMALL} may not judge" in told.out
    assert ended.code == 10, ended
    assert "PA-E110" in ended.err
    assert f"{SMALL} may not judge" in ended.err


@pytest.fixture
def both(local: Pagents) -> Pagents:
    fetched(EMBEDDED)  # 1.1 GB
    return local


def test_a_ladder_of_two_embedded_models_is_climbed_with_the_critique(both: Pagents) -> None:
    loop = "limits: {attempts: 2, max_output_tokens: 300}"
    ended, bodies = coder(both, SMALL, EMBEDDED, loop=loop)

    again = of(bodies, "attempted")
    climbed = [number for number, body in enumerate(again) if body["model"]]
    # The small one writes no such function in two attempts; the other has two of its own.
    assert [again[n]["model"] for n in climbed] == [EMBEDDED]
    assert climbed == [1]
    refused = [body["critique"] for body in again if body["error"]["code"] == "PA-E310"]
    assert all("check.py" in critique or "return" in critique for critique in refused)
    (end,) = of(bodies, "finished")
    best = max(passed(bodies).values())
    assert (end["outcome"]["status"], ended.code) == (("done", 0) if best == 2 else ("failed", 1))
    (costs,) = both.items("cost")
    tiers = {tier["model"]: tier for tier in costs["models"]}
    assert list(tiers) == [SMALL, EMBEDDED]
    assert tiers[SMALL]["tried"] == 2
    assert tiers[SMALL]["accepted"] == 0
    assert tiers[EMBEDDED]["accepted"] == (1 if best == 2 else 0)


def test_the_embedded_model_is_calibrated_and_refused(both: Pagents) -> None:
    told = both.start("judge", "calibrate", "--model", EMBEDDED).ended(SECONDS)

    assert told.code == 1, told
    assert f"{EMBEDDED} may not judge" in told.out
    assert "of 10 pairs judged correctly" in told.out
