"""`pagents run`: a team from start to end, as a shell and a script see it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from parallel_agents.testing import Drip, HttpError, Refusal

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.processes import Ended
    from tests.acceptance.support.provider import FakeProvider

CODE = "def add(a, b):\n    return a - b\n"
WRITERS = ["creative", "funny", "educational", "trendy", "controversial"]


@pytest.fixture(scope="module")
def content(shared: Pagents) -> Ended:
    return shared("run", "--team", "content", "--input", "topic=Monday motivation")


def test_the_content_team_gives_five_results_and_exits_with_0(content: Ended) -> None:
    assert content.code == 0
    assert [f"✔ content_writer_{name}  done" in content.out for name in WRITERS] == [True] * 5
    assert "✔ done in" in content.out
    assert "5/5 done" in content.out


def test_results_go_to_stdout_and_progress_to_stderr(content: Ended) -> None:
    assert "content: sample" in content.out
    assert "asks the model" not in content.out
    assert "asks the model" in content.err
    assert "5/5" in content.err
    assert "content: sample" not in content.err


def test_there_are_no_escape_codes_away_from_a_terminal(content: Ended) -> None:
    assert "\x1b" not in content.out + content.err


def test_the_review_team_reads_its_code_from_a_file(
    pagents: Pagents, provider: FakeProvider
) -> None:
    source = pagents.file("adder.py", CODE)

    ended = pagents("run", "--team", "review", "--input", f"code=@{source}")

    assert ended.code == 0
    assert len(provider.requests) == 6
    assert all("return a - b" in text for text in provider.texts()[:5])


def test_two_at_signs_begin_a_value_with_one(pagents: Pagents, provider: FakeProvider) -> None:
    ended = pagents("run", "--team", "content", "--input", "topic=@@ana")

    assert ended.code == 0
    assert "Topic: @ana." in provider.texts()[0]


def test_inputs_that_are_no_strings_are_json(pagents: Pagents, provider: FakeProvider) -> None:
    inputs = ("--input", "name=Shop", "--input", 'features=["search", "basket"]')

    ended = pagents("run", "--team", "development", *inputs)

    assert ended.code == 0
    assert all("basket" in text for text in provider.texts())


def test_the_development_team_reads_the_designs_before(
    pagents: Pagents, provider: FakeProvider
) -> None:
    ended = pagents(
        "run",
        "--team",
        "development",
        "-i",
        "name=Shop",
        "-i",
        'features=["search"]',
        "--id",
        "one",
    )

    texts = provider.texts()
    asked = {
        part: next(n for n, text in enumerate(texts) if f"Design the {part}" in text)
        for part in ("database", "HTTP API", "back end", "front end", "delivery")
    }
    assert ended.code == 0
    assert "6/6 done" in ended.out
    assert asked["database"] < asked["HTTP API"] < min(asked["back end"], asked["front end"])
    assert max(asked["back end"], asked["front end"]) < asked["delivery"] == 4
    assert r"\"paths\"" in texts[asked["back end"]]
    assert r"\"design\": \"devops\"" in texts[5]


def test_a_team_file_runs_and_its_results_come_in_the_order_of_their_ends(
    pagents: Pagents, provider: FakeProvider
) -> None:
    team = pagents.team("early", "late")
    provider.hold(to="About early")

    running = pagents.start("run", team)
    running.wait_for("✔ late  done")
    provider.release()
    ended = running.ended()

    assert ended.code == 0
    assert ended.out.index("✔ late  done") < ended.out.index("✔ early  done")
    table = ended.out[ended.out.index("STATUS") :]
    assert table.index("early") < table.index("late")


def test_a_result_is_printed_when_it_is_there_and_not_at_the_end(
    pagents: Pagents, provider: FakeProvider
) -> None:
    team = pagents.team("quick", "stuck")
    provider.hold(to="About stuck")

    running = pagents.start("run", team)
    running.wait_for("✔ quick  done")

    assert "stuck" not in running.out
    provider.release()
    assert running.ended().code == 0


def test_a_failing_member_makes_the_team_partial_and_leaves_the_others_alone(
    pagents: Pagents, provider: FakeProvider
) -> None:
    team = pagents.team("good", "bad", "fine")
    provider.gives(HttpError(400, "no"), to="About bad")

    ended = pagents("run", team)

    assert ended.code == 3
    assert "✔ good  done" in ended.out
    assert "✔ fine  done" in ended.out
    assert "✖ bad  failed" in ended.out
    assert "PA-E210  bench answered 400: no" in ended.out
    assert "◐ partial" in ended.out
    assert "2/3 done" in ended.out


def test_a_team_of_which_all_fail_exits_with_1(pagents: Pagents, provider: FakeProvider) -> None:
    provider.gives(Refusal())

    ended = pagents("run", pagents.team("one", "two"))

    assert ended.code == 1
    assert "PA-E205" in ended.out
    assert "0/2 done" in ended.out


def test_a_team_that_runs_out_of_time_exits_with_7(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold()

    ended = pagents("run", pagents.team("one", "two"), "--timeout", "0.5")

    assert ended.code == 7
    assert ended.out.count("timed out") == 5


def test_a_team_of_which_some_are_late_is_partial(pagents: Pagents, provider: FakeProvider) -> None:
    provider.hold(to="About two")

    ended = pagents("run", pagents.team("one", "two"), "--timeout", "5")

    assert ended.code == 3
    assert "✔ one  done" in ended.out
    assert "✖ two  timed out" in ended.out


def test_json_is_a_launched_and_a_finished_document_and_nothing_else(pagents: Pagents) -> None:
    ended = pagents("run", pagents.team("one", "two"), "--id", "monday", "--json")

    launched, finished = ended.documents
    assert launched["schema"] == "pagents.launched/1"
    assert launched["id"] == finished["id"] == "monday"
    assert finished["schema"] == "pagents.finished/1"
    assert finished["status"] == "done"
    assert finished["counts"] == {"items": 2, "total": 2}
    assert finished["truncated"] is False
    assert [item["label"] for item in finished["items"]] == ["one", "two"]
    assert finished["items"][0]["output"] == {"content": "sample", "hashtags": []}


def test_money_is_a_decimal_string_and_null_where_no_price_is_known(pagents: Pagents) -> None:
    team = pagents.team("one")

    priced = pagents("run", team, "--json").documents[-1]["items"][0]
    unpriced = pagents("run", team, "--model", "bench/strange", "--json").documents[-1]["items"][0]

    assert priced["cost"] == {"amount": "0.001100000", "currency": "USD"}
    assert unpriced["cost"] is None
    assert unpriced["usage"]["output_tokens"] == 50


def test_a_failure_in_json_has_its_code_and_its_mend(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.gives(HttpError(401, "who are you"))

    ended = pagents("run", pagents.team("one"), "--json")

    error = ended.documents[-1]["items"][0]["error"]
    assert ended.code == 1
    assert error["code"] == "PA-E203"
    assert error["hint"]


def test_an_error_with_json_is_a_document(pagents: Pagents) -> None:
    ended = pagents("run", "--team", "nobody", "--json")

    (error,) = ended.documents
    assert ended.code == 4
    assert error["schema"] == "pagents.error/1"
    assert error["code"] == "PA-E104"


def test_what_a_model_writes_cannot_drive_the_terminal(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.answer = lambda _: (
        '{"content": "a\\u001b]0;owned\\u0007b\\u009bc\\u202ed", "hashtags": []}'
    )

    ended = pagents("run", pagents.team("one"), "--id", "rude")
    history = pagents("history", "rude")

    for shown in (ended.out, ended.err, history.out):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown)
    assert "content: abd" in ended.out


def test_a_model_on_the_command_line_goes_before_that_of_the_team_file(
    pagents: Pagents, provider: FakeProvider
) -> None:
    team = pagents.file(
        "crew.yaml",
        "name: crew\ndescription: A crew.\nmodel: bench/slow\ntasks:\n"
        "  - {agent: content_writer_funny, text: About cats.}\n",
    )

    pagents("run", team)
    pagents("run", team, "--model", "bench/quick")

    assert [request.body["model"] for request in provider.requests] == ["slow", "quick"]


def test_a_flag_bounds_how_many_run_at_once(pagents: Pagents, provider: FakeProvider) -> None:
    provider.gives(Drip(0.1))
    team = pagents.team("one", "two", "three")

    ended = pagents("run", team, "--max-parallel", "1", PARALLEL_AGENTS_MAX_PARALLEL="3")

    first, second, third = provider.requests
    assert ended.code == 0
    assert (first.finished_at or 0) <= second.at
    assert (second.finished_at or 0) <= third.at


def test_progress_can_be_left_out(pagents: Pagents) -> None:
    ended = pagents("run", pagents.team("one"), "--progress", "none")

    assert ended.code == 0
    assert "asks the model" not in ended.err
    assert "✔ one  done" in ended.out


def test_the_command_line_s_bound_goes_before_the_file_s_and_is_kept(
    pagents: Pagents, provider: FakeProvider
) -> None:
    team = pagents.team("one", "two", "three")
    file = pagents.folder / team
    file.write_text(file.read_text("utf-8") + "max_parallel: 3\n", "utf-8")
    provider.hold()
    running = pagents.start("run", team, "--id", "tea", "--max-parallel", "1")
    provider.wait_in_flight(1)
    running.interrupt()
    running.wait_for("Ctrl-C again stops at once")
    provider.release()
    running.ended()

    pagents("resume", "tea")

    first, second, third = provider.requests
    assert first.finished_at
    assert second.finished_at
    assert first.finished_at <= second.at
    assert second.finished_at <= third.at


def test_two_terminals_on_one_id_pay_once_and_both_have_every_result(
    pagents: Pagents, provider: FakeProvider
) -> None:
    team = pagents.team("tea", "rain")
    provider.hold()
    both = [pagents.start("run", team, "--id", "monday") for _ in range(2)]
    provider.wait_in_flight(2)
    provider.release()

    ended = [running.ended() for running in both]

    files = sorted(path.name for path in pagents.home.joinpath("results/monday").iterdir())
    assert [each.code for each in ended] == [0, 0]
    for each in ended:
        assert "✔ tea  done" in each.out
        assert "✔ rain  done" in each.out
    assert files == ["rain.json", "rain.md", "tea.json", "tea.md"]
    assert len(provider.requests) == 2
