"""Team files whose tasks need each other: run, drawn, checked, approved, and continued after a kill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from parallel_agents.testing import HttpError

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider

HEAD = "name: launch\ndescription: A launch.\ntasks:\n"
WRITER = "content_writer_funny"
THREE = f"""\
  - {{agent: {WRITER}, label: first, text: Write the first.}}
  - {{agent: {WRITER}, label: second, needs: [first], text: "Then ${{tasks.first.output.content}} second"}}
  - {{agent: {WRITER}, label: third, needs: [second], text: Last the third.}}
"""


def plan(pagents: Pagents, tasks: str) -> str:
    return pagents.file("launch.yaml", HEAD + tasks)


def test_a_plan_runs_in_the_order_of_its_needs(pagents: Pagents, provider: FakeProvider) -> None:
    ended = pagents("run", plan(pagents, THREE), "--id", "one", "--budget", "2.00")
    texts = provider.texts()

    assert ended.code == 0
    assert "Write the first." in texts[0]
    assert "Then sample second" in texts[1]
    assert "3/3 done" in ended.out
    assert "▶ launch one   3 tasks" in ended.err
    assert pagents.json("show", "one")["result"]["output"]["steps"]["third"] == {"status": "done"}


def test_skipped_and_failed_tasks_are_told_with_why(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.gives(HttpError(400, "no"), to="Fail now")
    tasks = f"""\
  - {{agent: {WRITER}, label: good, text: Write.}}
  - {{agent: {WRITER}, label: bad, text: Fail now.}}
  - {{agent: {WRITER}, label: after, needs: [bad], text: x}}
  - {{agent: {WRITER}, label: never, needs: [good], when: "tasks.good.output.content == 'gold'", text: x}}
"""

    ended = pagents("run", plan(pagents, tasks), "--id", "one")

    assert ended.code == 3
    assert "✖ after  blocked: it needs bad, which failed" in ended.out
    assert "○ never  skipped: its condition is false" in ended.out
    assert "◐" in ended.out


def test_other_work_under_the_same_name_is_refused_with_what_differs(
    pagents: Pagents, provider: FakeProvider
) -> None:
    del provider
    file = plan(pagents, THREE)
    pagents("run", file, "--id", "one")

    model = pagents("run", file, "--id", "one", "--model", "sim/calm")
    edited = pagents("run", plan(pagents, THREE.replace("Last", "Now")), "--id", "one")

    assert (model.code, edited.code) == (1, 1)
    assert "the key 'one' is already used for different work" in model.err
    assert "and is 'sim/calm' here" in model.err
    assert "the text of third was 'Last the third.', and is 'Now the third.' here" in edited.err
    assert "`pagents resume one` continues it as it was begun" in edited.err


def test_the_same_name_tries_again_only_what_is_not_done(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.gives(HttpError(400, "no"), to="Last the third", times=1)
    file = plan(pagents, THREE)

    first = pagents("run", file, "--id", "one")
    second = pagents("run", file, "--id", "one")

    assert (first.code, second.code) == (3, 0)
    assert [sum(t in text for text in provider.texts()) for t in ("the first", "the third")] == [
        1,
        2,
    ]


def test_a_plan_waits_for_the_yes_of_a_person(pagents: Pagents) -> None:
    file = plan(
        pagents, f"  - {{agent: {WRITER}, label: publish, approve: Go out?, text: Publish.}}\n"
    )

    running = pagents.start("run", file, "--id", "one")
    running.wait_for("Go out?")
    question = pagents.items("inbox")[0]["id"]
    pagents("answer", question, "yes")

    assert running.ended().code == 0
    assert "✔ publish  done" in running.out


def test_a_plan_that_asks_is_not_over_even_if_all_that_it_began_is_and_nobody_works_on_it(
    pagents: Pagents, provider: FakeProvider
) -> None:
    del provider
    task = f"  - {{agent: {WRITER}, label: publish, needs: [third], approve: Go out?, text: x}}\n"
    running = pagents.start("run", plan(pagents, THREE + task), "--id", "one")
    running.wait_for("Go out?")
    live, waited = pagents("list"), pagents("wait", "one", "--timeout", "0.1")
    running.interrupt()
    running.ended()
    stopped, left = pagents("list"), pagents("wait", "one")

    assert " 3 done; asks you: Go out?" in live.out
    assert " 3 done; asks you: Go out?" in stopped.out
    assert (waited.code, left.code) == (7, 5)
    assert "pagents resume one" in left.err


def test_after_kill_9_the_plan_goes_on_without_paying_twice(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold(to="Last the third")
    running = pagents.start("run", plan(pagents, THREE), "--id", "one")
    running.wait_for("✔ second  done")
    provider.wait_in_flight(1)
    running.kill()
    provider.begin_again()

    ended = pagents("resume", "one")

    asked = [sum(t in text for text in provider.texts()) for t in ("the first.", "sample second")]
    assert ended.code == 0
    assert asked == [1, 1]
    assert "✔ third  done" in ended.out
    assert pagents.json("show", "one")["result"]["output"]["outputs"]["third"]


def test_after_ctrl_c_the_results_are_shown_and_how_to_continue(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold(to="Then sample second")
    running = pagents.start("run", plan(pagents, THREE), "--id", "one")
    provider.wait_in_flight(1)
    running.wait_for("✔ first  done")
    provider.wait_in_flight(1)
    running.interrupt()
    running.wait_for("Stopping")
    provider.begin_again()
    ended = running.ended()

    assert ended.code == 130
    assert "pagents resume one" in ended.err
    assert pagents("resume", "one").code == 0
    assert len(provider.requests) == 3


def test_the_same_name_with_more_budget_goes_on_and_with_other_work_is_refused(
    pagents: Pagents, provider: FakeProvider
) -> None:
    file = plan(pagents, THREE)

    first = pagents("run", file, "--id", "one", "--budget", "0.000001")
    second = pagents("run", file, "--id", "one", "--budget", "2")
    other = pagents("run", plan(pagents, THREE.replace("Write", "Draw")), "--id", "one")

    assert first.code != 0
    assert second.code == 0, second
    assert "over budget" not in second.out + second.err
    assert "1/1 first done" in second.err
    assert len(provider.requests) == 3
    other.assert_refused("PA-E106", "one", exits=1)


def test_a_plan_is_resumed_while_another_process_only_tries_one_of_its_tasks_again(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.gives(HttpError(400, "no"), to="Fail now", times=1)
    provider.hold(to="Slow", times=1)
    tasks = f"""\
  - {{agent: {WRITER}, label: bad, text: Fail now.}}
  - {{agent: {WRITER}, label: slow, text: Slow.}}
"""
    running = pagents.start("run", plan(pagents, tasks), "--id", "one")
    running.wait_for("✖ bad  failed")
    provider.wait_in_flight(1)
    running.kill()
    provider.begin_again()
    provider.hold(to="Fail now")
    retrying = pagents.start("dlq", "retry", "one/bad")
    pagents.wait_until(lambda: sum("Fail now" in text for text in provider.texts()) == 2)

    resumed = pagents.start("resume", "one")
    resumed.wait_for("✔ slow  done")
    provider.begin_again()

    assert retrying.ended().code == 0
    assert "works on it" not in resumed.ended().err


def test_a_killed_plan_is_continued_by_a_worker_too(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold(to="Last the third")
    running = pagents.start("run", plan(pagents, THREE), "--id", "one")
    running.wait_for("✔ second  done")
    provider.wait_in_flight(1)
    running.kill()
    provider.begin_again()

    assert pagents("work").code == 0
    assert pagents("show", "one").code == 0


def test_a_task_that_somebody_killed_is_done_again_once_that_is_asked_for(
    pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold(to="Then sample second")
    file = plan(pagents, THREE)
    running = pagents.start("run", file, "--id", "one")
    provider.wait_in_flight(1)
    pagents("kill", "one/second")
    ended = running.ended()
    provider.begin_again()

    stays = pagents("run", file, "--id", "one")
    pagents("retry", "one", "--killed", "-y")
    pagents("wait", "one/second-retry-2")
    whole = pagents("run", file, "--id", "one")

    assert (ended.code, stays.code) == (3, 3)
    assert sum("Write the first." in text for text in provider.texts()) == 1
    assert whole.code == 0
    assert "3/3 done" in whole.out


@pytest.mark.parametrize(
    ("task", "hint"),
    [
        ("needs: [frst], text: x", "did you mean 'first'?"),
        ("needs: [first, own], text: x", "take one of these out of `needs`"),
        ("needs: [first], text: 'x ${tasks.first.output.contnt}'", "did you mean 'content'?"),
    ],
)
def test_a_plan_that_could_only_fail_is_refused_before_the_first_call(
    pagents: Pagents, provider: FakeProvider, task: str, hint: str
) -> None:
    own = f"  - {{agent: {WRITER}, label: own, {task}}}\n"
    file = plan(pagents, THREE + own)

    for command in ("run", "validate", "graph"):
        pagents(command, file).assert_refused("PA-E103", "launch.yaml:7:", hint, exits=2)

    assert provider.requests == []


def test_the_file_of_an_agent_is_checked_too(pagents: Pagents) -> None:
    file = pagents.home / "asker.md"
    file.write_text("---\nname: asker\ndescription: Asks.\n---\nAsk.\n")

    assert pagents("validate", str(file)).out == "✔ asker  valid: an agent\n"
    assert orjson.loads(pagents("validate", str(file), "--json").out)["name"] == "asker"


@pytest.mark.parametrize("command", ["validate", "graph"])
def test_the_name_of_an_agent_where_a_team_is_meant_leads_to_the_agent(
    pagents: Pagents, command: str
) -> None:
    pagents(command, WRITER).assert_refused(
        "PA-E104", "an agent has that name", f"`pagents agents show {WRITER}`", exits=4
    )


def test_the_first_20_faults_of_a_file_are_told_and_all_of_them_as_json(pagents: Pagents) -> None:
    wrong = "".join(
        f"  - {{agent: {WRITER}, label: t{n}, needs: [first], text: x, wen: y}}\n"
        for n in range(27)
    )
    file = plan(pagents, THREE + wrong)

    told = pagents("validate", file)
    listed = orjson.loads(pagents("validate", file, "--json").out)

    assert told.code == 2
    assert told.err.count("did you mean 'when'?") == 20
    assert "\nand 7 more\n" in told.err
    assert told.err.count("pagents docs E103") == 1
    assert [each["line"] for each in listed["findings"]] == list(range(7, 34))


def test_a_model_that_is_not_there_is_refused_before_the_first_call(
    pagents: Pagents, provider: FakeProvider
) -> None:
    own = f"  - {{agent: {WRITER}, label: own, needs: [first], model: keyed/x, text: x}}\n"

    ended = pagents("run", plan(pagents, THREE + own))

    assert ended.code == 10
    assert provider.requests == []


def test_a_template_is_written_checked_and_drawn(pagents: Pagents) -> None:
    written = pagents("init", "research", "my_topic.yaml")
    again = pagents("init", "research", "my_topic.yaml")
    dashed = pagents("init", "content", "my-posts.yaml")
    listed = pagents("init", "--templates")

    assert written.code == 0
    assert written.err.endswith("pagents run my_topic.yaml -i topic=...\n")
    assert dashed.code == 0
    assert pagents("validate", "my-posts.yaml").out.startswith("✔ my_posts  valid")
    again.assert_refused("PA-E101", "exists already", exits=2)
    assert "content " in listed.out
    assert pagents("validate", "my_topic.yaml").out == "✔ my_topic  valid: 3 tasks on 3 levels\n"
    assert "facts \N{MULTIPLICATION SIGN}n" in pagents("graph", "my_topic.yaml").out
    assert pagents("graph", "my_topic.yaml", "--mermaid").out.startswith("flowchart TD\n")
    assert pagents("graph", "content").code == 0
    pagents("init", "resarch").assert_refused("PA-E101", "did you mean 'research'?", exits=2)


def test_the_schema_is_for_editors(pagents: Pagents) -> None:
    schema = orjson.loads(pagents("schema", "team").out)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "needs" in schema["$defs"]["PlanTaskFields"]["properties"]
