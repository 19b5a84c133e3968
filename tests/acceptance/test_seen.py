"""What work would cost, what it did cost, what was sent and what came of it, as a user sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents


@pytest.fixture(scope="module")
def tagged(shared: Pagents) -> Pagents:
    """A home with a team that has a tag."""
    ended = shared("run", shared.team("one", "two"), "--id", "crew-1", "--tag", "nightly")
    assert ended.code == 0
    return shared


def test_a_dry_run_makes_not_even_a_store(pagents: Pagents) -> None:
    priced = pagents("run", pagents.team("one", "two"), "--dry-run", "--budget", "2")

    assert priced.code == 0
    assert "for 2 tasks" in priced.out
    assert "$2, the budget" in priced.out
    assert "unknown" in priced.out
    assert not (pagents.home / "store.db").exists()


@pytest.mark.parametrize(
    "command",
    [
        ("spawn", "content_writer_funny", "tea"),
        ("do", "Launch the tea."),
        ("map", "content_writer_funny", "--rows", "r.csv", "--text", "On {topic}"),
    ],
    ids=lambda command: command[0],
)
def test_a_dry_run_needs_no_key_and_says_that_it_is_missing(
    pagents: Pagents, command: tuple[str, ...]
) -> None:
    (pagents.folder / "r.csv").write_text("topic\ntea\n")

    priced = pagents(*command, "-m", "anthropic/claude-haiku-5-5", "--dry-run")

    assert priced.code == 0
    assert "$0.0" in (priced.out + priced.err).replace("<", "")
    assert "ANTHROPIC_API_KEY is not set" in priced.err


def test_a_dry_run_has_a_row_for_each_step_of_a_plan(pagents: Pagents) -> None:
    pagents("init", "content", "posts.yaml")

    priced = pagents.json("run", "posts.yaml", "-i", "topic=tea", "--dry-run")

    told = {each["label"]: each["first_call_at_most"] is not None for each in priced["items"]}
    assert told == {
        "creative": True,
        "funny": True,
        "choice": False,
        "final": False,
        "short": False,
    }
    assert priced["first_calls_at_most"]["tasks_unknown"] == 3


def test_a_dry_run_prices_a_file_for_each_item_as_so_many_runs_of_it(pagents: Pagents) -> None:
    (pagents.folder / "item.yaml").write_text(
        "name: item\ndescription: One.\nbudget: {usd: 0.5}\n"
        "input: {type: object, properties: {topic: {type: string}}, required: [topic]}\n"
        "tasks: [{agent: main, label: fact, text: 'On ${topic}'},"
        " {agent: main, label: post, needs: [fact], text: '${tasks.fact.output}'}]\n"
    )
    (pagents.folder / "outer.yaml").write_text(
        "name: outer\ndescription: All.\n"
        "tasks: [{label: each, flow: item.yaml, for_each: [tea, ink], input: {topic: '${item}'}}]\n"
    )

    ones = [
        pagents.json("run", "item.yaml", "-i", f"topic={it}", "--dry-run") for it in ("tea", "ink")
    ]
    outer = pagents.json("run", "outer.yaml", "--dry-run")
    told = pagents("run", "outer.yaml", "--dry-run", "--budget", "0.75")

    firsts = [float(each["first_calls_at_most"]["known"]["cost"]["amount"]) for each in ones]
    assert float(outer["first_calls_at_most"]["known"]["cost"]["amount"]) == pytest.approx(
        sum(firsts)
    )
    assert {each["label"]: each["tasks"] for each in outer["items"]} == {
        "each.fact": 2,
        "each.post": 2,
    }
    assert outer["worst_case"] == {"usd": 1.0, "tokens": None}
    assert "$0.75, the budget" in told.out


def test_a_dry_run_says_what_is_done_and_what_such_work_cost(tagged: Pagents) -> None:
    again = tagged("run", tagged.team("one", "two"), "--id", "crew-1", "--dry-run")
    other = tagged.json("run", tagged.team("one", "two"), "--dry-run")

    assert "2 of 2 tasks are done already" in again.err
    assert other["likely"]["tasks_unknown"] == 0
    assert all(item["from_runs"] for item in other["items"])


def test_costs_are_told_by_tag(tagged: Pagents) -> None:
    found = tagged.json("cost", "--by", "tag")

    assert [(item["tag"], item["runs"]) for item in found["items"]] == [("nightly", 2)]
    assert found["sum"]["runs"] == 2
    assert tagged("cost", "--tag", "other").err.startswith("No runs match these filters.")


def test_what_was_sent_is_shown_by_turn(tagged: Pagents) -> None:
    shown = tagged("history", "crew-1/one", "--prompt")
    (item,) = tagged.items("history", "crew-1/one", "--turn", "1")

    assert "instructions" in shown.out
    assert item["body"]["messages"]


def test_a_report_is_a_document(tagged: Pagents) -> None:
    file = tagged.folder / "report.md"
    file.write_text("mine")

    refused = tagged("report", "crew-1", "--out", "report.md")
    kept = file.read_text()
    written = tagged("report", "crew-1", "--out", "report.md", "--force")

    assert "is there already" in refused.err
    assert kept == "mine"
    assert written.code == 0
    document = file.read_text()
    assert document.startswith("# ")
    assert "- Status: done, 2 of 2 tasks done" in document
    assert "- Tags: nightly" in document


def test_the_log_goes_to_its_file_and_stdout_stays_json(tagged: Pagents) -> None:
    ended = tagged("run", "-vv", tagged.team("one"), "--json", "--log-file", "trace.log")

    trace = (tagged.folder / "trace.log").read_text()
    assert ended.documents[-1]["status"] == "done"
    assert "turn 1 asks bench/good" in trace
    assert "✔ done" in trace
    assert "asks bench/good" not in ended.err
