"""What failed for good is listed, priced, run again and dropped by the installed command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parallel_agents.testing import HttpError

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider

BROKEN = HttpError(401, "bad key")


def fail(pagents: Pagents, provider: FakeProvider, *labels: str, fine: str = "fine") -> None:
    for label in labels:
        provider.gives(BROKEN, to=f"About {label}")
    pagents("run", pagents.team(fine, *labels), "--id", "monday")


def test_what_failed_is_listed_and_run_again(pagents: Pagents, provider: FakeProvider) -> None:
    fail(pagents, provider, "bad", "worse")

    listed = pagents("dlq", "list")

    assert listed.code == 0
    assert {line.split()[1] for line in listed.out.splitlines()[1:]} == {"bad", "worse"}
    assert "PA-E203" in listed.out
    assert pagents.items("dlq", "list", "--code", "E203", "--since", "1h")
    assert pagents.items("dlq", "list", "--agent", "code_reviewer") == []
    for command in (("dlq", "list"), ("dlq", "retry")):
        told = pagents(*command, "--code", "E301").err
        assert told == "No dead letters match these filters.\n"
        assert "no error has the code 'E9'" in pagents(*command, "--code", "E9").err
    shown = pagents("dlq", "show", "monday/bad").out
    assert "About bad." in shown
    assert "PA-E203" in shown

    provider.begin()
    retried = pagents.json("dlq", "retry", "monday")

    keys = [item["session_key"] for item in retried["items"]]
    assert [item["is_new"] for item in retried["items"]] == [True, True]
    assert pagents("wait", *keys).code == 0
    assert pagents.items("dlq", "list") == []
    assert len(provider.requests) == 2
    labels = {item["label"] for item in pagents.json("show", "monday")["sessions"]}
    assert labels == {"fine", "bad", "worse"}


def test_what_failed_in_a_run_is_run_again_after_its_price(
    pagents: Pagents, provider: FakeProvider
) -> None:
    fail(pagents, provider, "bad")
    provider.begin()

    priced = pagents("retry", "monday", "--dry-run")
    assert "would run; their first calls cost" in priced.err
    assert provider.requests == []

    told = pagents("retry", "monday")
    assert told.code == 0
    assert "FIRST CALL AT MOST" in told.out
    assert pagents("wait", told.err.split()[-1]).code == 0
    assert len(provider.requests) == 1
    again = pagents("retry", "monday").err
    assert "'monday' has no dead letter" in again
    assert "why   what failed of it was dropped, or its retry is done" in again


@pytest.mark.parametrize("command", [("retry",), ("dlq", "retry")])
def test_a_retry_can_be_waited_for(
    pagents: Pagents, provider: FakeProvider, command: tuple[str, ...]
) -> None:
    fail(pagents, provider, "bad")
    provider.begin()

    told = pagents(*command, "monday", "--wait")

    assert told.code == 0
    assert told.out.startswith("content: ")
    assert "Next: pagents wait" not in told.err
    (result,) = pagents.json("wait", "monday/bad-retry-2")["items"]
    assert result["status"] == "done"


def test_a_retry_that_fails_again_ends_a_wait_for_it_with_1(
    pagents: Pagents, provider: FakeProvider
) -> None:
    fail(pagents, provider, "bad")

    assert pagents("dlq", "retry", "monday", "--wait", "--json").code == 1


def test_a_dry_run_prices_what_it_would_start_and_starts_nothing(
    pagents: Pagents, provider: FakeProvider
) -> None:
    fail(pagents, provider, "bad")
    before = len(provider.requests)

    told = pagents("dlq", "retry", "bad", "--dry-run")
    (item,) = pagents.items("dlq", "retry", "--all", "--dry-run")
    (unknown,) = pagents.items("dlq", "retry", "bad", "--dry-run", "-m", "bench/other")

    assert told.code == 0
    assert "FIRST CALL AT MOST" in told.out
    assert "1 would run; their first calls cost $0.0" in told.err
    assert 0 < float(item["first_call_at_most"]["amount"]) <= 2e-6 * item["tokens_at_most"]
    assert unknown["first_call_at_most"] is None
    told = pagents("dlq", "retry", "bad", "--dry-run", "-m", "bench/other")
    assert "1 would run, at an unknown price." in told.err
    lacking = pagents("dlq", "retry", "bad", "--dry-run", "-m", "openai/gpt-4o")
    assert lacking.code == 0
    assert "OPENAI_API_KEY is not set" in lacking.err
    assert "PA-E112" in pagents("retry", "bad", "-m", "openai/gpt-4o").err
    assert item["session_key"] is None
    assert len(provider.requests) == before
    assert len(pagents.items("dlq", "list")) == 1


def test_what_is_run_again_can_be_changed_and_is_priced_as_changed(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.gives(BROKEN, to="Review it")
    pagents("spawn", "code_reviewer", "Review it", "-i", "code=f = 1", "--label", "bad", "--wait")
    changed = ("dlq", "retry", "bad", "--text", "Look at it", "-i", "code=" + "g = 2; " * 100)
    (plain,) = pagents.items("dlq", "retry", "bad", "--dry-run")
    (priced,) = pagents.items(*changed, "--dry-run")
    provider.begin()

    (started,) = pagents.items(*changed)

    assert pagents("wait", started["session_key"]).code == 0
    (asked,) = provider.texts()
    assert "Look at it" in asked
    assert "g = 2; " in asked
    assert not any(words in asked for words in ("Review it", "f = 1"))
    assert 500 < priced["tokens_at_most"] - plain["tokens_at_most"] < 800
    assert pagents.items("dlq", "list") == []


def test_other_words_are_for_one_task(pagents: Pagents, provider: FakeProvider) -> None:
    fail(pagents, provider, "bad", "worse")

    refused = pagents("dlq", "retry", "monday", "--text", "Do it")

    refused.assert_refused("PA-E101", "--text applies to one task, and 2 are selected", exits=2)
    assert len(pagents.items("dlq", "list")) == 2


def test_what_failed_is_kept_for_as_long_as_the_setting_says(
    pagents: Pagents, provider: FakeProvider
) -> None:
    fail(pagents, provider, "bad")
    day = 86_400
    pagents.alter(f"UPDATE dead_letters SET at = at - {29 * day}")

    assert [item["label"] for item in pagents.items("dlq", "list")] == ["bad"]
    pagents.configure(f"dead_letter_seconds = {28 * day}")
    assert pagents.items("dlq", "list") == []
    pagents("dlq", "retry", "bad").assert_refused("PA-E104", "has no dead letter", exits=4)
    provider.gives(BROKEN, to="About worse")
    pagents("run", pagents.team("worse"), "--id", "tuesday")
    assert [item["label"] for item in pagents.items("dlq", "list")] == ["worse"]
    assert pagents.query("SELECT COUNT(*) FROM dead_letters") == [(1,)]


def test_a_retry_that_fails_is_the_letter_from_then_on(
    pagents: Pagents, provider: FakeProvider
) -> None:
    fail(pagents, provider, "bad")
    (first,) = pagents.items("dlq", "retry", "bad")
    pagents("wait", first["session_key"])

    (letter,) = pagents.items("dlq", "list")
    assert letter["session_key"] == first["session_key"]
    (second,) = pagents.items("dlq", "retry", "monday/bad")

    assert second["is_new"]
    pagents("wait", second["session_key"])
    assert [item["label"] for item in pagents.items("dlq", "list")] == ["bad-retry-3"]
    assert pagents("dlq", "drop", "monday/bad").out == "dropped 1 of 1\n"


def test_what_is_dropped_is_gone_and_its_history_stays(
    pagents: Pagents, provider: FakeProvider
) -> None:
    fail(pagents, provider, "bad", "worse")

    dropped = pagents("dlq", "drop", "monday/bad")

    assert dropped.code == 0
    assert dropped.out == "dropped 1 of 1\n"
    assert [item["label"] for item in pagents.items("dlq", "list")] == ["worse"]
    assert pagents("history", "monday/bad").code == 0
    pagents("dlq", "show", "monday/bad").assert_refused("PA-E104", "has no dead letter", exits=4)
    assert pagents.json("dlq", "drop", "--code", "E203")["dropped"] == 1


def test_a_command_without_a_choice_is_refused(pagents: Pagents) -> None:
    for command in ("retry", "drop"):
        pagents("dlq", command).assert_refused("PA-E101", "no dead letters are selected", exits=2)
    pagents("run", pagents.team("tea"))
    pagents("dlq", "list", "--since", "soon").assert_refused(
        "PA-E101", "neither a duration nor a day, a date or a time", exits=2
    )


def test_a_retry_that_cannot_be_is_told_beside_those_that_can(
    pagents: Pagents, provider: FakeProvider
) -> None:
    fail(pagents, provider, "bad")

    refused = pagents("dlq", "retry", "bad", "-m", "keyed/good")

    assert refused.code == 1
    assert "BENCH_KEY" in refused.err
    assert "refused" in refused.out


def test_a_team_stops_what_is_new_when_a_task_fails(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.gives(BROKEN, to="About bad")
    provider.hold(to="About one")  # which may have begun when the failure is heard of
    file = pagents.team("bad", "one", "two", "three")

    running = pagents.start("run", file, "--on-failure", "stop_new", "--max-parallel=1", "--json")
    pagents.wait_ended(3)
    provider.release()
    ended = running.ended()

    items = {item["label"]: item["status"] for item in ended.documents[-1]["items"]}
    assert items["bad"] == "failed"
    assert items["two"] == "killed"
    assert items["three"] == "killed"
    assert len(provider.requests) <= 2


def test_a_reply_that_is_young_enough_answers_again(
    pagents: Pagents, provider: FakeProvider
) -> None:
    file = pagents.team("one")
    pagents("run", file, "--cache", "600")

    ended = pagents("run", file, "--cache", "600", "--id", "again", "--json")

    (item,) = ended.documents[-1]["items"]
    assert item["status"] == "done"
    assert item["cost"]["amount"] == "0.000000000"
    assert len(provider.requests) == 1
    assert "cached" in pagents("history", "again").out
    pagents("run", file, "--id", "anew", "--cache", "0")
    assert len(provider.requests) == 2


def test_a_single_task_can_be_answered_again_too(pagents: Pagents, provider: FakeProvider) -> None:
    task = ("spawn", "content_writer_funny", "Write about cats.", "--cache", "600")
    pagents(*task, "--wait")

    left = pagents(*task).out.strip()

    assert pagents("wait", left).code == 0
    assert len(provider.requests) == 1
    assert "cached" in pagents("history", left).out
    pagents("spawn", "content_writer_funny", "Write about cats.", "--cache=-1").assert_refused(
        "PA-E101", "--cache is -1", exits=2
    )
