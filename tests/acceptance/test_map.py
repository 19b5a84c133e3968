"""`pagents map`: rows are paid once, whatever happens, and the file of results is always whole."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from parallel_agents.testing import Hang, HttpError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.processes import Document
    from tests.acceptance.support.provider import FakeProvider

AGENT = "content_writer_funny"
FRUITS = ("apples", "pears", "plums", "quinces")


def table(pagents: Pagents, *fruits: str) -> str:
    return pagents.file("data.csv", "fruit\n" + "".join(f"{fruit}\n" for fruit in fruits))


def command(rows: str, *more: str) -> tuple[str, ...]:
    return ("map", AGENT, "--rows", rows, "--text", "About {fruit}.", "--id", "fruits", *more)


def lines(path: Path) -> list[Document]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def results(pagents: Pagents) -> list[tuple[str, str]]:
    """The fruit and the status of each row in the file of results."""
    found = lines(pagents.home / "results" / "fruits.jsonl")
    return [(line["columns"]["fruit"], line["status"]) for line in found]


def asked(provider: FakeProvider) -> Counter[str]:
    return Counter(
        fruit for text in provider.texts() for fruit in FRUITS if f"About {fruit}." in text
    )


def test_each_row_is_asked_for_once_and_written_in_order(
    pagents: Pagents, provider: FakeProvider
) -> None:
    ended = pagents(*command(table(pagents, *FRUITS)))

    assert ended.code == 0
    assert "4/4 rows done" in ended.err
    assert results(pagents) == [(fruit, "done") for fruit in FRUITS]
    assert asked(provider) == dict.fromkeys(FRUITS, 1)


def test_rows_that_were_added_run_alone(pagents: Pagents, provider: FakeProvider) -> None:
    pagents(*command(table(pagents, *FRUITS[:2])))

    ended = pagents(*command(table(pagents, *FRUITS)))

    assert "2 done before" in ended.err
    assert results(pagents) == [(fruit, "done") for fruit in FRUITS]
    assert asked(provider) == dict.fromkeys(FRUITS, 1)


def test_a_row_of_the_same_key_that_asks_for_something_else_keeps_its_answer_and_is_told(
    pagents: Pagents, provider: FakeProvider
) -> None:
    rows = pagents.file("data.csv", "n,fruit\n1,apples\n2,pears\n")
    pagents(*command(rows, "--key", "n"))
    pagents.file("data.csv", "n,fruit\n1,apples\n2,plums\n")

    for again in (pagents(*command(rows, "--key", "n", *more)) for more in ((), ("--dry-run",))):
        assert again.code == 0
        assert "Note: 1 row that is done asks for something else now" in again.err

    assert len(provider.requests) == 2


def test_after_kill_9_the_same_id_pays_nothing_again_and_completes_the_file(
    pagents: Pagents, provider: FakeProvider
) -> None:
    rows = table(pagents, *FRUITS)
    provider.gives(Hang(), to="About plums")
    provider.gives(Hang(), to="About quinces")
    file = pagents.home / "results" / "fruits.jsonl"
    running = pagents.start(*command(rows))
    pagents.wait_until(lambda: file.exists() and len(lines(file)) == 2)
    provider.wait_in_flight(2)
    running.kill()
    provider.begin()

    ended = pagents(*command(rows))

    assert ended.code == 0
    assert results(pagents) == [(fruit, "done") for fruit in FRUITS]
    assert asked(provider) == {"plums": 1, "quinces": 1}


def test_after_kill_9_in_the_middle_of_batches_each_row_is_paid_for_once(
    pagents: Pagents, provider: FakeProvider
) -> None:
    rows = table(pagents, *FRUITS)
    provider.gives(Hang(), to="About plums")
    file = pagents.home / "results" / "fruits.jsonl"
    running = pagents.start(*command(rows, "--batch", "2"))
    pagents.wait_until(lambda: file.exists() and len(lines(file)) == 2)
    provider.wait_in_flight(1)
    running.kill()
    provider.begin()

    ended = pagents(*command(rows, "--batch", "2"))

    assert ended.code == 0
    assert results(pagents) == [(fruit, "done") for fruit in FRUITS]
    assert asked(provider) == {"plums": 1, "quinces": 1}
    assert "rows-1-2" in pagents("show", "fruits").out


def test_a_killed_map_says_how_many_rows_are_done_and_where_they_are(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.gives(Hang(), to="About plums")
    provider.gives(Hang(), to="About quinces")
    file = pagents.home / "results" / "fruits.jsonl"
    running = pagents.start(*command(table(pagents, *FRUITS)))
    pagents.wait_until(lambda: file.exists() and len(lines(file)) == 2)

    killed = pagents("kill", "fruits", "--yes")
    running.ended()

    assert "2 of 4 rows are done" in killed.err
    assert "killed, 2 of 4 rows done" in pagents("report", "fruits").out
    assert str(file) in killed.err


@pytest.mark.parametrize("way_on", [("resume", "fruits"), command("data.csv")])
def test_ctrl_c_lets_calls_in_flight_end_and_the_rest_is_done_later(
    pagents: Pagents, provider: FakeProvider, way_on: tuple[str, ...]
) -> None:
    provider.hold()
    running = pagents.start(*command(table(pagents, *FRUITS), "--max-parallel", "2"))
    provider.wait_in_flight(2)
    running.signal(signal.SIGINT)
    running.wait_for("Ctrl-C again stops at once")
    provider.release()
    ended = running.ended()

    resumed = pagents(*way_on)

    assert ended.code == 130
    assert "pagents resume fruits" in ended.err
    assert "Traceback" not in ended.err
    assert resumed.code == 0
    assert "4/4 rows done" in resumed.err
    assert results(pagents) == [(fruit, "done") for fruit in FRUITS]
    assert asked(provider) == dict.fromkeys(FRUITS, 1)


def seconds_of_its_last_run(session: Document) -> float:
    began, ended = (
        datetime.fromisoformat(session[f"{what}_at"]) for what in ("started", "finished")
    )
    return (ended - began).total_seconds() + 0.001  # which is rounded


def test_who_asks_while_the_map_is_at_work_gets_the_answers_to_its_own_rows(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold()
    first = pagents.start(*command(table(pagents, "apples", "pears")))
    provider.wait_in_flight(2)
    # The same file with other rows in it.
    second = pagents.start(*command(table(pagents, "pears", "plums"), "--out", "-"))
    second.wait_for("at work on a request with other rows; this one follows")
    provider.release()
    ends = first.ended(), second.ended()

    assert [each.code for each in ends] == [0, 0]
    assert "2/2 rows done" in ends[0].err
    echoed = [json.loads(line)["columns"]["fruit"] for line in ends[1].out.splitlines()]
    assert echoed == ["pears", "plums"]
    assert results(pagents) == [("pears", "done"), ("plums", "done")]
    assert asked(provider) == {"apples": 1, "pears": 1, "plums": 1}


def test_a_row_that_fails_is_one_dead_letter_and_is_tried_again_by_the_same_id(
    pagents: Pagents, provider: FakeProvider
) -> None:
    rows = table(pagents, *FRUITS)
    provider.gives(HttpError(400, "no"), to="About plums")
    first = pagents(*command(rows))
    before = results(pagents)
    letters = pagents.items("dlq", "list")
    failing = pagents("health").out
    provider.begin()

    second = pagents(*command(rows))
    healthy = pagents("health").out
    report = pagents("report", "fruits").out
    shown = pagents.json("show", "fruits")
    sessions = pagents.items("list", "in:fruits")
    pagents("export", "fruits", "-o", "fruits.md")

    assert first.code == 3
    assert "1 of 4 rows is not done" in first.err
    assert before[2] == ("plums", "failed")
    assert len(letters) == 1
    assert "failed in the last hour: 1 PA-E" in failing
    assert "failed in the last hour" not in healthy
    assert second.code == 0
    assert results(pagents) == [(fruit, "done") for fruit in FRUITS]
    assert asked(provider) == {"plums": 1}
    assert pagents.items("dlq", "list") == []
    assert "- Status: done, 4 of 4 rows done" in report
    assert "- Begun: " in report
    assert "- Continued: " in report
    assert "What failed" not in report
    assert "1 former try is not in this report" in report
    assert len(shown["items"]) == 4
    # As its costs, its time is that of all its runs.
    assert shown["result"]["seconds"] > seconds_of_its_last_run(shown["session"])
    assert [each["status"] for each in sessions if each["is_former_try"]] == ["failed"]
    assert "- Agents: 4 done" in (pagents.folder / "fruits.md").read_text()


def test_a_retry_of_the_dead_letter_counts_as_the_row(
    pagents: Pagents, provider: FakeProvider
) -> None:
    rows = table(pagents, *FRUITS)
    provider.gives(HttpError(400, "no"), to="About plums")
    pagents(*command(rows))
    provider.begin()
    retried = pagents("dlq", "retry", "--all", "--wait")
    report, shown = pagents("report", "fruits").out, pagents("show", "fruits")

    ended = pagents(*command(rows))

    assert "the same map with --id fruits has their answers" in retried.err
    assert "4 of 4 rows done" in report
    assert "- Note: all 4 rows are done, some of them since the map ended; " in report
    assert "What failed" not in report
    assert "PA-E306  all 4 rows are done, some of them since the map ended" in shown.out + shown.err
    assert ended.code == 0
    assert results(pagents)[2] == ("plums", "done")
    assert asked(provider) == {"plums": 1}


def test_a_row_that_somebody_killed_is_done_again_once_that_is_asked_for(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold()
    running = pagents.start(*command(table(pagents, "apples", "pears")))
    provider.wait_in_flight(2)
    rows = {each["label"]: each["id"] for each in pagents.items("list", "in:fruits")}
    row = rows["row-2"]
    pagents("kill", row, "-y")
    provider.release()
    running.ended()

    stays = pagents(*command(table(pagents, "apples", "pears")))
    refused = pagents("retry", row, "-y")
    dry = pagents("retry", "fruits", "--killed", "--dry-run")
    pagents("retry", "fruits", "--killed", "-y")
    pagents.wait_ended(5)
    again = pagents("retry", "fruits", "--killed", "-y")
    whole = pagents(*command(table(pagents, "apples", "pears")))

    assert stays.code == 3
    assert "stays killed; `pagents retry ID --killed` runs it again" in stays.err
    assert f"`pagents retry {row} --killed` runs it again" in refused.err
    assert "1 would run" in dry.err
    assert "nobody killed anything in 'fruits' that was not tried again" in again.err
    assert whole.code == 0
    assert results(pagents) == [("apples", "done"), ("pears", "done")]
    assert asked(provider) == {"apples": 1, "pears": 2}


def test_a_budget_that_is_used_up_begins_no_further_rows(
    pagents: Pagents, provider: FakeProvider
) -> None:
    rows = table(pagents, *FRUITS, *(f"fruit {n}" for n in range(100)))

    short = pagents(*command(rows, "--budget", "0.015", "--max-parallel", "1"))
    report = pagents("report", "fruits").out
    (costs,) = pagents.items("cost")
    made = len(provider.requests)
    whole = pagents(*command(rows, "--budget", "5"))

    assert short.code == 6
    assert "the same id or key and a larger budget" in short.err
    assert "of 104 rows done" in report
    assert "the budget of the map fruits" in report
    assert made < 20
    assert costs["runs"] == made
    assert whole.code == 0
    assert "104/104 rows done" in whole.err
    assert len(provider.requests) <= 105


def test_files_are_rows_whose_content_is_an_input(pagents: Pagents, provider: FakeProvider) -> None:
    pagents.file("src/one.py", "first = 1\n")
    pagents.file("src/deep/two.py", "second = 2\n")
    pagents.file("src/deep/__init__.py", "")

    ended = pagents(
        *("map", "code_reviewer", "src/**/*.py", "-i", "code=@{path}"),
        *("--out", "reviews.jsonl"),
    )

    assert ended.code == 0
    assert "1 empty file is left out: src/deep/__init__.py" in ended.err
    found = lines(pagents.folder / "reviews.jsonl")
    assert [line["columns"] for line in found] == [
        {"path": "src/deep/two.py"},
        {"path": "src/one.py"},
    ]
    assert any("second = 2" in text for text in provider.texts())
    assert any("Do your task for src/one.py." in text for text in provider.texts())


def test_rows_from_stdin_stream_to_stdout(pagents: Pagents) -> None:
    command = ("map", AGENT, "-", "--text", "About {fruit}.", "--out", "-")
    ended = subprocess.run(
        [pagents.program, *command],
        input=b'{"fruit": "apples"}\n{"fruit": "pears"}\n',
        env=pagents.environment,
        cwd=pagents.folder,
        capture_output=True,
        check=True,
    )

    rows = [json.loads(line)["columns"] for line in ended.stdout.splitlines()]
    assert rows == [{"fruit": "apples"}, {"fruit": "pears"}]


def test_stdin_cannot_be_both_the_text_and_the_rows(pagents: Pagents) -> None:
    ended = pagents("map", AGENT, "--rows", "-", "--text", "-")

    assert ended.code == 2
    assert "Traceback" not in ended.err


def test_a_table_of_results_has_the_columns_of_the_rows_and_of_the_answers(
    pagents: Pagents,
) -> None:
    ended = pagents(*command(table(pagents, "apples"), "--out", "out.csv"))

    assert ended.code == 0
    first, second = (pagents.folder / "out.csv").read_text("utf-8").splitlines()
    assert first == "fruit,status,content,hashtags,error"
    assert second.startswith("apples,done,")


def test_an_agent_gets_the_results_of_all_rows(pagents: Pagents, provider: FakeProvider) -> None:
    ended = pagents(*command(table(pagents, *FRUITS), "--reduce", "content_writer_creative"))
    again = pagents(*command("data.csv", "--reduce", "content_writer_creative"))

    assert ended.code == 0
    assert ended.out == again.out != ""
    assert len(provider.requests) == 5
    assert "The results, one to a line:" in provider.texts()[-1]


def test_a_dry_run_prices_the_rows_and_calls_nothing(
    pagents: Pagents, provider: FakeProvider
) -> None:
    rows = table(pagents, *FRUITS[:2])
    pagents(*command(rows))
    made = len(provider.requests)

    ended = pagents(*command(table(pagents, *FRUITS), "--dry-run"))
    priced = pagents.json(*command("data.csv", "--dry-run"))["items"][0]

    assert ended.code == 0
    assert "4 rows of data.csv, of which 2 are done" in ended.out
    assert "About apples." in ended.out
    assert re.search(r"2 rows would run; their first calls cost \$0\.\d+ at most", ended.err)
    assert priced["done"] == 2
    assert len(provider.requests) == made


@pytest.mark.parametrize(
    ("content", "text", "told"),
    [
        (b"fruit,price\napples,1\npears\n", "{fruit}", "data.csv, line 3 has 1 cell"),
        (b"fruit\ncaf\xe9\n", "{fruit}", "data.csv, line 2 is not UTF-8"),
        (b"\xff\xfef\x00", "{fruit}", "byte order mark of UTF-16"),
        (b"fruit\napples\n", "{friut}", "did you mean 'fruit'?"),
        (b"fruit\n", "{fruit}", "data.csv has no rows"),
        (b"", "{fruit}", "data.csv has no rows"),
        (b"fruit,fruit\n1,2\n", "{fruit}", "2 columns are named 'fruit'"),
        (b"fruit\nsome.txt\n", "@{fruit}", "data.csv, line 2: the file 'some.txt' cannot be read"),
        (b'fruit\n"apples\n', "{fruit}", "data.csv, line 2 is not CSV"),
        (b"fruit\napples\n", "{fruit", "the text has a brace without a column"),
        (b"fruit\n \n", "{fruit}", "data.csv, line 2: the task is empty"),
    ],
)
def test_bad_rows_are_refused_before_the_first_call(
    pagents: Pagents, provider: FakeProvider, content: bytes, text: str, told: str
) -> None:
    ended = pagents("map", AGENT, "--rows", pagents.file("data.csv", content), "--text", text)

    assert ended.code == 2
    assert told in ended.err
    assert "hint" in ended.err
    assert "Traceback" not in ended.err
    assert provider.requests == []
    assert pagents.query("SELECT key FROM sessions") == []


def test_a_byte_order_mark_of_utf_8_is_left_out(pagents: Pagents, provider: FakeProvider) -> None:
    ended = pagents(*command(pagents.file("data.csv", b"\xef\xbb\xbffruit\napples\n")))

    assert ended.code == 0
    assert asked(provider) == {"apples": 1}


def test_a_file_that_is_not_of_the_map_is_not_replaced(pagents: Pagents) -> None:
    rows = table(pagents, *FRUITS)
    (pagents.folder / "notes.csv").write_text("my notes\n")

    refused = pagents(*command(rows, "--out", "notes.csv"))

    refused.assert_refused("PA-E101", "the map fruits has not written it", exits=2)
    assert pagents(*command(rows, "--out", "first.csv")).code == 0
    later = pagents(*command(rows, "--out", "notes.csv"))
    later.assert_refused("PA-E101", "the map fruits has not written it", exits=2)
    assert (pagents.folder / "notes.csv").read_text() == "my notes\n"
    assert pagents(*command(rows, "--out", "first.csv")).code == 0


def test_a_map_is_refused_before_it_begins_if_it_is_another_one_or_cannot_write(
    pagents: Pagents,
) -> None:
    rows = table(pagents, *FRUITS)
    assert pagents(*command(rows, "--limit", "1")).code == 0

    other = pagents(*command(rows)[:4], "--text", "On {fruit}", "--id", "fruits", "--dry-run")
    folder = pagents(*command(rows, "--out", ".", "--dry-run"))

    other.assert_refused("PA-E106", "the map fruits was begun with other work", exits=1)
    folder.assert_refused("PA-E101", "it is a folder", exits=2)


def test_the_results_of_a_map_are_none_of_its_rows(pagents: Pagents) -> None:
    for name in ("a.txt", "b.txt"):
        (pagents.folder / name).write_text(name)
    given = ("map", "content_writer_funny", "--rows", "*", "--text", "On @{path}", "--id", "m")
    first = pagents(*given, "--out", "r.jsonl", "--limit", "2")

    again = pagents(*given, "--out", "r.jsonl", "--limit", "2")

    assert first.code == again.code == 0
    assert "done before, nothing ran   2/2 rows done" in again.err
