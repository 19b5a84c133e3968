"""`pagents watch` shows what other processes do; leaving it ends nothing."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from parallel_agents.testing import Hang

if TYPE_CHECKING:
    from tests.acceptance.conftest import Open
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider


@pytest.mark.parametrize("command", ["watch", "resume"])
def test_a_second_terminal_attaches_and_leaves_and_the_work_continues(
    pagents: Pagents, provider: FakeProvider, terminal: Open, command: str
) -> None:
    provider.hold(to="About slow")
    running = pagents.start("run", pagents.team("quick", "slow"), "--id", "tea")
    pagents.wait_ended(1)

    left = terminal(command, "tea", width=80)
    left.wait_for("1/2 finished")
    left.press("\x03")
    code = left.end()
    live = pagents.items("list", "state:running", "slow")
    seen = terminal(command, "tea", width=80)
    seen.wait_for("1/2 finished")
    provider.release()

    assert code == 130
    assert "Left tea; it continues. Attach again with: pagents watch tea" in left.screen.text
    assert "1 ended before" in left.screen.text
    assert [item["label"] for item in live] == ["slow"]
    assert seen.end() == 0
    assert "✔ slow  done" in seen.screen.text
    assert "✔ done in" in seen.screen.text
    assert "finished" not in seen.screen.text
    assert running.ended().code == 0
    assert [request.status for request in provider.requests] == [200, 200]


def test_the_end_of_the_process_that_works_on_it_is_shown(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.gives(Hang())
    running = pagents.start("run", pagents.team("one"), "--id", "tea")
    provider.wait_in_flight(1)

    watching = pagents.start("watch", "tea")
    watching.wait_for("Ctrl-C leaves it")
    running.signal(signal.SIGKILL)
    ended = watching.ended()

    assert ended.code == 5
    assert f"No process works on tea; the process {running.process.pid} ended" in ended.err
    assert "Continue with: pagents resume tea" in ended.err


def test_a_result_is_called_as_lists_call_its_session(pagents: Pagents) -> None:
    pagents("spawn", "content_writer_funny", "Write.", "--id", "tea", "--wait")

    assert pagents("watch", "tea", "-o", "id").out == "tea\n"


def test_what_has_ended_is_told_as_wait_tells_it(pagents: Pagents, provider: FakeProvider) -> None:
    provider.answer = lambda _: "not what was asked for"
    pagents("run", pagents.team("one", "two"), "--id", "tea")

    watched, waited = pagents("watch", "tea"), pagents("wait", "tea")

    assert watched.code == waited.code == 1
    assert watched.out == waited.out
    assert pagents.items("watch", "tea") == pagents.items("wait", "tea")


def test_all_live_work_is_watched_without_a_name(
    pagents: Pagents, provider: FakeProvider, terminal: Open
) -> None:
    provider.hold()
    first = pagents.start("run", pagents.team("one"), "--id", "tea")
    second = pagents.start("run", pagents.team("one"), "--id", "milk")
    provider.wait_in_flight(2)

    nothing_named = pagents("watch", "--json")
    seen = terminal("watch", width=80)
    seen.wait_for("2 running")
    provider.release()

    assert nothing_named.code == 2
    assert seen.end() == 0
    assert "milk" in seen.screen.text
    assert "Nothing is live any more." in seen.screen.text
    assert first.ended().code == second.ended().code == 0
    assert "Nothing is live." in pagents("watch").err


def test_a_list_is_filtered_and_drawn_as_trees(pagents: Pagents, provider: FakeProvider) -> None:
    provider.gives(Hang(), to="About late")
    provider.answer = lambda body: (
        "no" if "About bad" in str(body) else '{"content": "tea", "hashtags": []}'
    )
    running = pagents.start("run", pagents.team("good", "bad", "late"), "--id", "tea")
    pagents.wait_ended(2)

    def labels(*words: str) -> list[str]:
        return sorted(item["label"] for item in pagents.items("list", *words))

    assert labels("state:failed") == ["bad"]
    assert labels("state:running,failed", "agent:content_writer_funny") == ["bad", "late"]
    assert labels("in:tea", "state:live") == ["crew", "late"]
    assert labels("label:GOOD", "since:1h", "model:bench") == ["good"]
    assert labels("state:failed", "--tree") == ["bad", "crew"]
    assert labels("agent:content_writer") == []
    tree = [line.split()[1:4] for line in pagents("list", "--tree").out.splitlines()[1:]]
    assert tree[0][0] == "crew"
    assert [row[:2] for row in tree[1:]] == [["├─", "good"], ["├─", "bad"], ["└─", "late"]]
    running.signal(signal.SIGKILL)
    running.ended()
    assert labels("state:stopped") == ["crew", "late"]
    assert labels("state:running") == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["stat:failed"], "did you mean 'state'?"),
        (["state:fialed"], "did you mean 'failed'?"),
        (["colour:x"], "there is no field 'colour'"),
        (['label:"open'], "is not closed"),
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused(
    pagents: Pagents, words: list[str], told: str
) -> None:
    refused = pagents("list", *words)

    assert refused.code == 2
    assert told in refused.err
    assert "Traceback" not in refused.err


def test_the_tasks_of_each_item_of_a_nested_flow_are_told_apart(
    pagents: Pagents, provider: FakeProvider
) -> None:
    (pagents.folder / "page.yaml").write_text(
        "name: page\ndescription: One.\n"
        "input: {type: object, properties: {topic: {type: string}}, required: [topic]}\n"
        "tasks: [{agent: content_writer_funny, label: write, text: 'About ${topic}'}]\n"
    )
    (pagents.folder / "pages.yaml").write_text(
        "name: pages\ndescription: All.\n"
        "tasks: [{label: each, flow: page.yaml, for_each: [tea, ink], input: {topic: '${item}'}}]\n"
    )
    provider.hold()
    running = pagents.start("run", "pages.yaml", "--id", "tea")
    provider.wait_in_flight(2)

    watching = pagents.start("watch", "tea")
    watching.wait_for("Ctrl-C leaves it")
    provider.release()

    for ended in (watching.ended(), running.ended()):
        assert ended.code == 0
        assert "✔ each-1/write  done" in ended.out
        assert "✔ each-2/write  done" in ended.out
    folder = pagents.home / "results" / "tea"
    assert sorted(str(each.relative_to(folder)) for each in folder.rglob("*.json")) == [
        "each-1/write.json",
        "each-2/write.json",
    ]


def test_what_a_plan_asks_a_person_is_said_with_the_command_that_answers_it(
    pagents: Pagents,
) -> None:
    (pagents.folder / "ask.yaml").write_text(
        "name: ask\ndescription: Ask.\ntasks: [{label: which, person: 'Which page?'}]\n"
    )
    running = pagents.start("run", "ask.yaml", "--id", "tea")
    running.wait_for("Which page?")

    watching = pagents.start("watch", "tea")
    watching.wait_for("Which page?")
    (question,) = pagents.items("inbox")
    watching.wait_for(f"pagents answer {question['id']} ANSWER")
    pagents("answer", str(question["id"]), "the first")

    assert watching.ended().code == running.ended().code == 0
