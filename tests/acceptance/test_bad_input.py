"""What cannot be done is refused in four lines with its code, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Bench, Ended, Pagents

CONTENT = ("run", "--team", "content", "--input")
WRITER = ("spawn", "content_writer_funny")

REFUSED = {
    "an agent that is not there": (
        ("spawn", "content_writer_funy", "hello"),
        ("PA-E102", "did you mean 'content_writer_funny'?", 4),
    ),
    "a team that is not there": (("run", "--team", "contnet"), ("PA-E104", "content", 4)),
    "a team file that is not there": (("run", "no.yaml"), ("PA-E103", "no.yaml", 2)),
    "no team": (("run",), ("PA-E101", "--team content", 2)),
    "a team and a file": (("run", "x.yaml", "--team", "content"), ("PA-E101", "which team", 2)),
    "an input that is missing": (("run", "--team", "content"), ("PA-E101", "--input topic=", 2)),
    "an input that nobody knows": ((*CONTENT, "topik=x"), ("PA-E101", "topic", 2)),
    "an input without a name": ((*CONTENT, "Monday"), ("PA-E101", "'Monday'", 2)),
    "an input of an agent that is missing": (
        ("spawn", "code_reviewer", "Review"),
        ("PA-E101", "pagents agents show code_reviewer", 2),
    ),
    "an input that is no JSON": (
        ("run", "--team", "development", "--input", "name=x", "--input", "features=a,b"),
        ("PA-E101", "features", 2),
    ),
    "an input file that is not there": ((*CONTENT, "topic=@no.txt"), ("PA-E101", "no.txt", 2)),
    "an input file that is a folder": ((*CONTENT, "topic=@."), ("PA-E101", "directory", 2)),
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
    "a time limit of nothing": ((*WRITER, "hello", "--timeout", "0"), ("PA-E101", "--timeout", 2)),
    "a time limit below nothing": ((*CONTENT, "topic=x", "--timeout=-1"), ("PA-E101", "-1.0", 2)),
    "a time limit of ages": ((*CONTENT, "topic=x", "--timeout", "1e99"), ("PA-E101", "1e+99", 2)),
    "a time limit that is no number": (
        (*CONTENT, "topic=x", "--timeout", "nan"),
        ("PA-E101", "--timeout is nan", 2),
    ),
    "a wait of nothing": (("wait", "@last", "--timeout", "0"), ("PA-E101", "--timeout", 2)),
    "no runs at once": ((*CONTENT, "topic=x", "--max-parallel", "0"), ("PA-E101", "is 0", 2)),
    "more runs at once than there are": (
        (*CONTENT, "topic=x", "--max-parallel", "9" * 20),
        ("PA-E101", "--max-parallel", 2),
    ),
    "an empty task": ((*WRITER, " "), ("PA-E101", "the task is empty", 2)),
    "a name that cannot stand in a path": (
        (*CONTENT, "topic=x", "--id", "../etc"),
        ("PA-E101", "cannot name a run", 2),
    ),
    "bytes that are no text": ((*WRITER, b"caf\xe9"), ("PA-E101", "is no text", 2)),
    "a label that is no text": ((*WRITER, "x", "--label", b"\xff"), ("PA-E101", "is no text", 2)),
    "a session that is not there": (("show", "nobody"), ("PA-E104", "pagents list --all", 4)),
    "a session whose name is no text": (("show", b"\xff"), ("PA-E101", "is no text", 2)),
    "the last of none": (("history", "@last"), ("PA-E104", "@last", 4)),
    "nobody to send to": (("send", "nobody", "more"), ("PA-E104", "nobody", 4)),
    "nobody to steer": (("steer", "nobody", "left"), ("PA-E104", "nobody", 4)),
    "two ways to steer": (("steer", "x", "left", "--now", "--after"), ("PA-E101", "--after", 2)),
    "nobody to end": (("kill", "nobody"), ("PA-E104", "nobody", 4)),
    "nobody to wait for": (("wait", "nobody"), ("PA-E104", "nobody", 4)),
    "nothing to go on with": (("resume", "nobody"), ("PA-E104", "nobody", 4)),
    "an agent to show that is not there": (("agents", "show", "x"), ("PA-E102", "'x'", 4)),
    "an embedded model that nobody knows": (("models", "path", "giant"), ("PA-E111", "giant", 10)),
}


@pytest.fixture(scope="module")
def refusals(shared: Pagents) -> dict[str, Ended]:
    """How each of them ended, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        ended = {name: pool.submit(shared, *arguments) for name, (arguments, _) in REFUSED.items()}
        return {name: future.result() for name, future in ended.items()}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_refused(refusals: dict[str, Ended], name: str) -> None:
    _, (code, words, exits) = REFUSED[name]

    refusals[name].assert_refused(code, words, exits=exits)


@pytest.mark.usefixtures("refusals")
def test_nothing_is_kept_of_what_is_refused(shared: Pagents, provider: Bench) -> None:
    assert shared.query("SELECT * FROM sessions") == []
    assert list(provider.requests) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"x" * 10_000_000, "too large"),
        (b"a\x00b", "NUL"),
        (b"caf\xe9", "cannot be read"),
    ],
    ids=["ten megabytes", "NUL", "no UTF-8"],
)
def test_a_file_that_no_model_reads_is_refused(
    pagents: Pagents, content: bytes, words: str
) -> None:
    name = pagents.file("odd.txt", content)

    pagents(*CONTENT, f"topic=@{name}").assert_refused("PA-E101", words, exits=2)
    pagents(*WRITER, "hello", "--file", name).assert_refused("PA-E101", words, exits=2)

    assert pagents.query("SELECT * FROM sessions") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: crew\n  description: [\n", "crew.yaml:2"),
        (
            "name: crew\ndescription: x\ntasks:\n  - agent: content_writer_funy\n    text: x\n",
            "crew.yaml:4",
        ),
        ("name: crew\ndescription: x\ntimeout_seconds: -3\ntasks: []\n", "crew.yaml"),
        ("name: crew\ndescription: a\x00b\n", "crew.yaml:2"),
    ],
    ids=["no YAML", "an unknown agent", "bad values", "NUL"],
)
def test_a_team_file_is_refused_with_its_line(pagents: Pagents, text: str, words: str) -> None:
    name = pagents.file("crew.yaml", text)

    pagents("run", name).assert_refused("PA-E103", words, exits=2)

    assert pagents.query("SELECT * FROM sessions") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model = ", "config.toml"),
        ("max_paralel = 3", "max_parallel"),
        ("max_parallel = -3", "max_parallel"),
        ("timeout_seconds = nan", "timeout_seconds"),
        ('[providers.x]\nwire = "telex"', "providers.x"),
    ],
    ids=["no TOML", "an unknown name", "a value out of range", "no number", "an unknown wire"],
)
def test_a_broken_configuration_is_refused_with_its_source(
    pagents: Pagents, text: str, words: str
) -> None:
    (pagents.home / "config.toml").write_text(text, "utf-8")

    ended = pagents("spawn", "content_writer_funny", "hello")

    ended.assert_refused("PA-E110", words, exits=10)


def test_a_variable_that_does_not_fit_is_named(pagents: Pagents) -> None:
    ended = pagents("list", PARALLEL_AGENTS_TRIES="many")

    ended.assert_refused("PA-E110", "PARALLEL_AGENTS_TRIES", exits=10)


def test_a_name_that_fits_several_sessions_lists_them(pagents: Pagents) -> None:
    pagents("run", pagents.team("one", "two"), "--id", "a")
    pagents("run", pagents.team("one", "two"), "--id", "b")

    ended = pagents("show", "one")

    ended.assert_refused("PA-E105", "2 sessions", "(one)", "RUN/LABEL", exits=4)
    assert pagents("show", "a/one").code == 0


def test_a_key_that_is_taken_by_other_work_is_refused(pagents: Pagents, bench: Bench) -> None:
    pagents(*CONTENT, "topic=cats", "--id", "monday")
    made = len(bench.requests)

    ended = pagents(*CONTENT, "topic=dogs", "--id", "monday")

    ended.assert_refused("PA-E106", "monday", exits=1)
    assert len(bench.requests) == made


def test_a_home_that_is_a_file_is_refused(pagents: Pagents) -> None:
    file = pagents.folder / pagents.file("home.txt", "x")

    ended = pagents("list", "--home", str(file))

    ended.assert_refused("PA-E110", "home.txt", exits=10)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_cannot_be_written_is_refused(pagents: Pagents) -> None:
    pagents.home.chmod(0o500)

    ended = pagents("list")

    pagents.home.chmod(0o700)
    assert ended.code == 8
    assert re.match("✖ PA-E40[13]  ", ended.err)


def test_a_home_below_a_file_cannot_be_made(pagents: Pagents) -> None:
    file = pagents.folder / pagents.file("home.txt", "x")

    ended = pagents("list", "--home", f"{file}/deep")

    assert ended.code in {8, 10}
    assert ended.err.startswith("✖ PA-E")


def test_a_store_that_is_none_is_refused(pagents: Pagents) -> None:
    pagents.file("other/store.db", "this is no database, it is a text" * 100)

    ended = pagents("list", "--home", "other")

    ended.assert_refused("PA-E401", "damaged", exits=8)


def test_a_store_of_a_newer_version_is_refused(pagents: Pagents) -> None:
    pagents("list")
    store = sqlite3.connect(pagents.home / "store.db")
    store.execute("PRAGMA user_version = 999")
    store.close()

    pagents("list").assert_refused("PA-E404", "999", "update this package", exits=8)


@pytest.mark.parametrize("arguments", [("list", "--frob"), ("frobnicate",), ("spawn",)])
def test_a_usage_error_exits_with_2_and_points_to_the_help(
    pagents: Pagents, arguments: tuple[str, ...]
) -> None:
    ended = pagents(*arguments)

    assert ended.code == 2
    assert "Usage: pagents" in ended.err
    assert "-h' for help" in ended.err
    assert "Traceback" not in ended.err


def test_a_reader_that_goes_away_is_no_crash(pagents: Pagents) -> None:
    pagents("run", pagents.team(*(f"label{n}" for n in range(40))), "--id", "long")

    script = '"$0" history long --json | head -c 10; "$0" history long | head -1'
    command = ["bash", "-c", script, pagents.path]
    piped = subprocess.run(command, env=pagents.environment, capture_output=True, check=True)

    assert piped.stdout.startswith(b'{"schema":')
    assert piped.stderr == b""


def test_a_terminal_without_unicode_gets_stand_ins(pagents: Pagents) -> None:
    ended = pagents("run", pagents.team("one"), PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert ended.code == 0
    assert "\\u2714 one  done" in ended.out
