"""An agent of one's own from a template: written with what was set, and over no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider

SET = ("--set", "home_city=Lyon", "--set", "interests=choirs")


def test_the_templates_are_listed_with_what_they_need(pagents: Pagents) -> None:
    listed = pagents("agents", "init")

    assert listed.code == 0
    assert "travel_event_planner" in listed.out
    assert "home_city, interests" in listed.out


def test_a_template_becomes_an_agent_that_runs(pagents: Pagents, provider: FakeProvider) -> None:
    made = pagents("agents", "init", "travel_event_planner", *SET)
    ran = pagents("spawn", "travel_event_planner", "Plan my trip", "-i", "event=a fair", "--wait")

    assert made.code == 0
    assert "Next: pagents agents show travel_event_planner" in made.err
    assert (pagents.home / "cases" / "travel_event_planner.yaml").exists()
    assert ran.code == 0
    assert "- Home: Lyon" in provider.texts()[0]


def test_no_file_is_overwritten_and_nothing_is_written_beside_it(pagents: Pagents) -> None:
    cases = pagents.home / "cases" / "travel_event_planner.yaml"
    cases.parent.mkdir()
    cases.write_text("mine", "utf-8")

    refused = pagents("agents", "init", "travel_event_planner", *SET)

    assert refused.code == 2
    assert "exists already" in refused.err
    assert cases.read_text("utf-8") == "mine"
    assert not (pagents.home / "agents" / "travel_event_planner.md").exists()


def test_each_missing_value_is_named_where_nobody_can_be_asked(pagents: Pagents) -> None:
    refused = pagents("agents", "init", "travel_event_planner")

    assert refused.code == 2
    assert "needs 2 values: home_city, interests" in refused.err
    assert not (pagents.home / "agents").exists()


def test_a_project_has_to_be_trusted_with_its_new_agent(pagents: Pagents) -> None:
    made = pagents("agents", "init", "travel_event_planner", *SET, "--project")
    listed = pagents("agents", "list")

    assert made.code == 0
    assert "Next: pagents trust" in made.err
    assert (pagents.folder / ".parallel-agents/agents/travel_event_planner.md").exists()
    assert "PA-E115" in listed.err


def test_a_name_that_is_no_template_is_told_how_to_begin_without_one(pagents: Pagents) -> None:
    refused = pagents("agents", "init", "abstract_reviewer")

    refused.assert_refused("PA-E101", "`pagents agents new NAME --blank` writes one", exits=2)
