"""Files and stdin go where they are named, and a pipe gets answers alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parallel_agents.testing import Hang

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider

WRITER = ("spawn", "content_writer_funny", "Write.")


@pytest.fixture
def project(pagents: Pagents) -> Pagents:
    for name, content in {
        ".gitignore": "*.log\n",
        "src/a.py": "a = 1\n",
        "src/deep/b.py": "b = 2\n",
        "src/c.log": "log\n",
        "src/data.bin": "\0\1",
        "notes.md": "Some notes.",
        "rows.csv": "name\nAda\n",
    }.items():
        pagents.file(name, content)
    return pagents


@pytest.mark.parametrize(
    "command",
    [
        WRITER,
        ("map", "content_writer_funny", "--rows", "rows.csv", "--text", "About {name}."),
    ],
    ids=lambda command: command[0],
)
def test_a_folder_is_its_texts_by_name_in_every_command(
    project: Pagents, provider: FakeProvider, command: tuple[str, ...]
) -> None:
    waits = ("--wait",) if command[0] == "spawn" else ()

    ended = project(*command, *waits, "-f", "src")

    (text,) = provider.texts()
    assert ended.code == 0, ended.err
    assert r"File src/a.py:\n```\na = 1\n```\n\nFile src/deep/b.py:\n```\nb = 2\n```" in text
    assert "left out, not UTF-8 text: src/data.bin" in ended.err


def test_files_are_the_one_input_that_a_team_lacks(
    project: Pagents, provider: FakeProvider
) -> None:
    tasks = "tasks:\n  - {agent: content_writer_funny, text: 'On ${note}'}\n"
    inputs = "input:\n  type: object\n  properties: {note: {type: string}}\n  required: [note]\n"
    project.file("one.yaml", f"name: one\ndescription: One.\n{inputs}{tasks}")

    ended = project("run", "one.yaml", "-f", "notes.md", "-o", "text")
    given = project("run", "one.yaml", "-i", "note=x", "-f", "notes.md")

    assert ended.code == 0, ended.err
    assert "On Some notes." in provider.texts()[0]
    given.assert_refused("PA-E101", "nothing says which input of one the files are", exits=2)


def test_a_message_to_a_live_run_has_its_files(project: Pagents, provider: FakeProvider) -> None:
    provider.gives(Hang(), times=1)
    name = project(*WRITER).out.strip()
    provider.wait_in_flight(1)

    steered = project("steer", name, "Mind this.", "--now", "-f", "notes.md")
    sent = project("send", name, "And this.", "-f", "src/a.py", "--wait", "-o", "id")

    texts = provider.texts()
    assert steered.code == 0, steered.err
    assert r"Mind this.\n\nFile notes.md:\n```\nSome notes.\n```" in texts[1]
    assert sent.out.strip() == name
    assert r"And this.\n\nFile src/a.py:" in texts[2]


def test_a_pipe_gets_the_answer_alone(project: Pagents, provider: FakeProvider) -> None:
    ended = project.in_shell(f'echo "a diff" | "$0" {" ".join(WRITER)} -f - --wait | cat')
    waited = project.in_shell('"$0" wait @last > answer.txt; cat answer.txt')

    assert ended.code == 0, ended.err
    assert ended.out == "content: sample\nhashtags: []\n"
    assert "✔ content_writer_funny  done" in ended.err
    assert waited.out == ended.out
    assert r"File stdin:\n```\na diff\n```" in provider.texts()[0]


def test_a_run_without_an_answer_prints_nothing_into_a_pipe(
    project: Pagents, provider: FakeProvider
) -> None:
    provider.gives(Hang())

    ended = project.in_shell(f'"$0" {" ".join(WRITER)} --timeout 0.2 --wait | cat')

    assert ended.code == 7
    assert ended.out == ""
    assert "PA-E302" in ended.err


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        ("true | {} - --wait", "PA-E378", "stdin is empty"),
        ("echo x | {} - -f - --wait", "PA-E378", "stdin was read before"),
        ("printf 'h\\xe9' | {} Write -f - --wait", "PA-E376", "| iconv -f WINDOWS-1252 -t UTF-8 |"),
        ("head -c 4000001 /dev/zero | tr '\\0' x | {} Write -f -", "PA-E377", "stdin is too large"),
        ("{} Write -f nosuch.txt", "PA-E101", "the file nosuch.txt cannot be read"),
        ("{} Write -f src/data.bin", "PA-E376", "src/data.bin is binary"),
        ("{} Write -f src/*.py notes.md", "PA-E101", "a pattern stands in quotes"),
        ("{} Write -o md", "PA-E101", "-o md requires --wait"),
        ("{} Write --progress text", "PA-E101", "--progress requires --wait"),
        ("{} Write --wait -o yaml", "PA-E101", "-o is 'yaml'"),
    ],
)
def test_what_cannot_be_taken_is_refused_before_anything_is_stored(
    project: Pagents, script: str, code: str, words: str
) -> None:
    ended = project.in_shell(script.format('"$0" spawn content_writer_funny'))

    ended.assert_refused(code, words, exits=2)
    assert project.query("SELECT 1 FROM events") == []


def test_lists_are_ids_for_a_shell_and_tables_for_a_document(project: Pagents) -> None:
    names = [project(*WRITER, "--wait", "-o", "id").out.strip() for _ in range(2)]

    ids = project("list", "-o", "id")
    table = project("list", "-o", "md")

    assert sorted(ids.out.split()) == sorted(names)
    assert table.out.startswith("| ID | LABEL | STATE | DOING | TIME | COST |\n| --- |")
    assert project("list", "-o", "json").documents[0]["schema"] == "pagents.list/1"
