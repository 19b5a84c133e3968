"""What cannot be done is refused in four lines with its code, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.support.processes import Ended

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider

CONTENT = ("run", "--team", "content", "--input")
WRITER = ("spawn", "content_writer_funny")

REFUSED = {
    "an agent that is not there": (
        ("spawn", "content_writer_funy", "hello"),
        ("PA-E102", "did you mean 'content_writer_funny'?", 4),
    ),
    "a team that is not there": (("run", "--team", "contnet"), ("PA-E104", "content", 4)),
    "no team": (("run",), ("PA-E101", "--team content", 2)),
    "an input that is missing": (("run", "--team", "content"), ("PA-E101", "--input topic=", 2)),
    "an input that nobody knows": ((*CONTENT, "topik=x"), ("PA-E101", "topic", 2)),
    "an input of an agent that is missing": (
        ("spawn", "code_reviewer", "Review"),
        ("PA-E101", "code_reviewer needs 'code'", 2),
    ),
    "an input file that is not there": ((*CONTENT, "topic=@no.txt"), ("PA-E101", "no.txt", 2)),
    "a model without a provider": (
        (*WRITER, "hello", "--model", "gpt"),
        ("PA-E111", "provider/model", 10),
    ),
    "a provider that nobody knows": (
        (*WRITER, "hello", "--model", "benhc/good"),
        ("PA-E111", "did you mean bench/good?", 10),
    ),
    "a key that is not set": (
        (*WRITER, "hello", "--model", "openai/gpt-5-mini"),
        ("PA-E112", "OPENAI_API_KEY", 10),
    ),
    "a time limit that is not a number": (
        (*CONTENT, "topic=x", "--timeout", "nan"),
        ("PA-E101", "--timeout is nan", 2),
    ),
    "no runs at once": ((*CONTENT, "topic=x", "--max-parallel", "0"), ("PA-E101", "is 0", 2)),
    "an empty task": ((*WRITER, " "), ("PA-E101", "the task is empty", 2)),
    "a name that cannot stand in a path": (
        (*CONTENT, "topic=x", "--id", "../etc"),
        ("PA-E101", "is not a valid name for a run", 2),
    ),
    **{
        f"a name of a {command[0]} that cannot stand in a path": (
            (*command, "hello", "--id", "bad id!"),
            ("PA-E101", "is not a valid name for a run", 2),
        )
        for command in (WRITER, ("fork", "@last"))
    },
    "bytes that are not text": ((*WRITER, b"caf\xe9"), ("PA-E101", "is not text", 2)),
    "a session that is not there": (("show", "nobody"), ("PA-E104", "pagents list --all", 4)),
    "a session whose name is not text": (("show", b"\xff"), ("PA-E101", "is not text", 2)),
    "a session without a name": (("kill", ""), ("PA-E101", "the argument after kill is empty", 2)),
    "a model without a name": ((*WRITER, "Go.", "-m", ""), ("PA-E101", "after -m is empty", 2)),
    "a state for a session": (("list", "failed"), ("PA-E104", "pagents list state:failed", 4)),
    "nobody to steer": (("steer", "nobody", "left"), ("PA-E104", "nobody", 4)),
    "two ways to steer": (("steer", "x", "left", "--now", "--after"), ("PA-E101", "--after", 2)),
    "nobody to end": (("kill", "nobody"), ("PA-E104", "nobody", 4)),
    "an agent to show that is not there": (("agents", "show", "x"), ("PA-E102", "'x'", 4)),
    "an embedded model that nobody knows": (("models", "path", "giant"), ("PA-E111", "giant", 10)),
    "ten megabytes": ((*CONTENT, "topic=@large.txt"), ("PA-E377", "too large", 2)),
    "an input with a NUL": ((*CONTENT, "topic=@nul.txt"), ("PA-E376", "nul.txt is binary", 2)),
    "an input that is no UTF-8": ((*CONTENT, "topic=@latin.txt"), ("PA-E376", "0xe9", 2)),
    "a file that is no UTF-8": ((*WRITER, "Go.", "-f", "latin.txt"), ("PA-E376", "0xe9", 2)),
    "a team file that is no YAML": (("run", "yaml.yaml"), ("PA-E103", "yaml.yaml:2", 2)),
    "a team file with a stranger": (("run", "crew.yaml"), ("PA-E103", "crew.yaml:4", 2)),
    "a configuration that is no TOML": (
        (*WRITER, "Go.", "--home", "toml"),
        ("PA-E110", "toml/config.toml", 10),
    ),
    "a setting that nobody knows": (
        (*WRITER, "Go.", "--home", "unknown"),
        ("PA-E110", "did you mean max_parallel?", 10),
    ),
    "a provider of an unknown wire": (
        (*WRITER, "Go.", "--home", "wire"),
        ("PA-E110", "providers.x.wire", 10),
    ),
    "an option before the subcommand": (
        ("limits", "--home", "toml", "list"),
        ("PA-E101", "--home comes before list", 2),
    ),
    "a home that is a file": (("list", "--home", "latin.txt"), ("PA-E110", "latin.txt", 10)),
    "a home within a file": (("list", "--home", "latin.txt/in"), ("PA-E110", "not a folder", 10)),
    "a budget that is not a number": (
        (*WRITER, "Go.", "--budget", "nan"),
        ("PA-E101", "--budget is nan", 2),
    ),
    "a budget without an end": (
        (*WRITER, "Go.", "--budget", "inf"),
        ("PA-E101", "--budget is inf", 2),
    ),
    "a budget of no tokens": (
        (*WRITER, "Go.", "--budget-tokens", "0"),
        ("PA-E101", "--budget-tokens is 0", 2),
    ),
    "an age of replies that is not a number": (
        (*WRITER, "Go.", "--cache", "nan"),
        ("PA-E101", "--cache is nan", 2),
    ),
    "a flag that does not fit its setting": (
        ("mcp", "--model", "a b"),
        ("PA-E110", "the value comes from --model", 10),
    ),
    "a home that cannot be made": (
        (*WRITER, "Go.", "--home", "/proc/nowhere"),
        ("PA-E401", "PARALLEL_AGENTS_HOME", 8),
    ),
    "a store that is none": (("list", "--home", "store"), ("PA-E401", "is not a store", 8)),
}

CREW = "name: crew\ndescription: A crew.\n"
FILES = {
    "large.txt": b"x" * 10_000_000,
    "nul.txt": b"a\x00b",
    "latin.txt": b"caf\xe9",
    "yaml.yaml": b"name: yaml\n  description: [\n",
    "crew.yaml": f"{CREW}tasks:\n  - {{agent: content_writer_funy, text: Go.}}\n".encode(),
    "toml/config.toml": b"model = ",
    "unknown/config.toml": b"max_paralel = 3",
    "wire/config.toml": b'[providers.x]\nwire = "telex"',
    "store/store.db": b"this is no database, it is a text" * 100,
}


@pytest.fixture(scope="module")
def refusals(shared: Pagents) -> dict[str, Ended]:
    """How each of them ended, two at a time."""
    for name, content in FILES.items():
        shared.file(name, content)
    with ThreadPoolExecutor(2) as pool:
        ended = {name: pool.submit(shared, *arguments) for name, (arguments, _) in REFUSED.items()}
        return {name: future.result() for name, future in ended.items()}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_refused(refusals: dict[str, Ended], name: str) -> None:
    _, (code, words, exits) = REFUSED[name]

    refusals[name].assert_refused(code, words, exits=exits)


@pytest.mark.usefixtures("refusals")
def test_nothing_is_kept_of_what_is_refused(shared: Pagents, served: FakeProvider) -> None:
    assert shared.query("SELECT * FROM sessions") == []
    assert list(served.requests) == []


def test_a_variable_that_does_not_fit_is_named(pagents: Pagents) -> None:
    ended = pagents(*WRITER, "Go.", PARALLEL_AGENTS_TRIES="many")

    ended.assert_refused("PA-E110", "PARALLEL_AGENTS_TRIES", exits=10)


@pytest.mark.parametrize(
    "mistake", ["max_paralel = 3", "tries = 0", "[broken", "[providers.x]\nwire = 'nope'"]
)
def test_a_mistake_in_the_settings_keeps_nobody_from_seeing_and_ending_what_runs(
    pagents: Pagents, provider: FakeProvider, mistake: str
) -> None:
    provider.hold()
    name = pagents(*WRITER, "Write about tea.").out.strip()
    provider.wait_in_flight(1)
    pagents.configure(mistake)

    commands = [
        ("list",),
        ("show", name),
        ("history", name),
        ("cost",),
        ("audit",),
        ("limits",),
        ("dlq", "list"),
        ("agents", "list"),
        ("teams", "list"),
        ("models", "list"),
        ("models", "path"),
        ("config",),
        ("steer", name, "Be brief."),
        ("kill", name, "--yes"),
        ("wait", name),
    ]
    ended = {command: pagents(*command) for command in commands}
    provider.release()

    assert {command: each.code for command, each in ended.items() if each.code} == {
        ("models", "path"): 1,  # it is not fetched
        ("wait", name): 1,  # the run was killed
    }
    assert all("PA-E110" in each.err and "goes without it" in each.err for each in ended.values())


def test_a_name_that_fits_several_sessions_lists_them(pagents: Pagents) -> None:
    pagents("run", pagents.team("one", "two"))

    ended = pagents("show", "agent:")

    ended.assert_refused(
        "PA-E105", "2 sessions", "(one of ", "the way down to it, such as ", exits=4
    )


def test_an_id_that_is_taken_by_other_work_is_refused(
    pagents: Pagents, provider: FakeProvider
) -> None:
    pagents("run", pagents.team("one"), "--id", "monday")

    ended = pagents("run", pagents.team("two"), "--id", "monday")

    ended.assert_refused("PA-E106", "monday", exits=1)
    assert len(provider.requests) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_cannot_be_written_is_refused(pagents: Pagents) -> None:
    pagents.home.chmod(0o500)

    ended = pagents("list")

    pagents.home.chmod(0o700)
    assert ended.code == 8
    assert re.match("✖ PA-E40[13]  ", ended.err)


def test_a_store_of_a_newer_version_is_read_and_not_written(pagents: Pagents) -> None:
    pagents("run", pagents.team("tea"), "--id", "newer")
    store = sqlite3.connect(pagents.home / "store.db")
    store.execute("PRAGMA user_version = 999")
    store.close()

    killed = pagents("kill", "newer", "--yes")

    killed.assert_refused("PA-E404", "999", "pip install --upgrade .", exits=8)
    assert "tea" in pagents("show", "newer").out


@pytest.mark.parametrize("arguments", [("list", "--frob"), ("frobnicate",), ("spawn",)])
def test_a_usage_error_exits_with_2_and_points_to_the_help(
    pagents: Pagents, arguments: tuple[str, ...]
) -> None:
    ended = pagents(*arguments)
    as_json = pagents(*arguments, "--json")

    ended.assert_refused("PA-E101", "-h` shows how to use it", exits=2)
    assert as_json.code == 2
    assert as_json.documents[-1]["schema"] == "pagents.error/1"


def test_a_reader_that_goes_away_is_no_crash(pagents: Pagents) -> None:
    pagents("run", pagents.team(*(f"label{n}" for n in range(40))), "--id", "long")

    script = '"$0" history long --json | head -c 10; "$0" history long | head -1'
    piped = pagents.in_shell(script)

    assert piped.out.startswith('{"schema":')
    assert piped.err == ""


@pytest.mark.parametrize(
    ("redirected", "code"),
    [
        (">&4", 141),
        ("> /dev/full", 1),
        (">&-", 0),
        ("2> /dev/full", 0),
        ("2>&-", 0),
        (">&- 2>&- <&-", 0),
    ],
)
@pytest.mark.parametrize("command", ["run crew.yaml --id tea", "list --json", "agents list"])
def test_output_that_nobody_takes_is_no_crash_and_loses_nothing(
    pagents: Pagents, command: str, redirected: str, code: int
) -> None:
    pagents.team("one", "two")
    pipe_without_reader = "mkfifo pipe; exec 3<>pipe 4>pipe 3<&-"

    ended = pagents.in_shell(f'{pipe_without_reader}; "$0" {command} {redirected}')

    assert ended.code == code
    assert "Traceback" not in ended.err
    assert ("PA-E407" in ended.err) == (code == 1)
    if command.startswith("run"):
        assert code != 1 or "pagents resume tea" in ended.err or "pagents show tea" in ended.err
        assert code != 0 or "pagents resume tea" not in ended.err
        resumed = pagents("resume", "tea")
        assert resumed.code == 0
        assert "2/2 done" in resumed.out


def test_an_error_whose_json_nobody_takes_is_told_on_stderr(pagents: Pagents) -> None:
    ended = pagents.in_shell('"$0" run --team nobody --json > /dev/full')

    assert ended.code == 4
    assert ended.err.startswith("✖ PA-E104  there is no team 'nobody'")
    assert "Traceback" not in ended.err


def test_a_terminal_without_unicode_gets_stand_ins(pagents: Pagents) -> None:
    ended = pagents("run", pagents.team("one"), PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert ended.code == 0
    assert "\\u2714 one  done" in ended.out


def test_an_id_is_looked_at_before_any_model_is(pagents: Pagents) -> None:
    team = pagents.team("one")
    pagents("run", team, "--id", "tea")
    pagents("run", team, "--id", "a b", "-m", "local").assert_refused(
        "PA-E101", "is not a valid name for a run", exits=2
    )
    pagents.team("two")
    taken = pagents("run", team, "--id", "tea", "-m", "local")

    taken.assert_refused("PA-E106", "tea", exits=1)


def test_a_label_that_would_drive_a_terminal_is_refused(pagents: Pagents) -> None:
    for label in ("x" * 101, "a\x1b[2J"):
        refused = pagents("spawn", "content_writer_funny", "Hi.", "--label", label)

        refused.assert_refused("PA-E101", "the label", exits=2)
