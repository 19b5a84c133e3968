"""The drop-in skill does what the guides for it show: each of their Python blocks runs as written.

`guide/1-*.py` are the blocks of the skill's own page, `guide/3-*.py` those of its usage guide, in
order and unchanged; the page had lost its indentation, which is put back. What a block leaves open,
such as `topics`, and what must be so after it is in the table.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import orjson
import pytest

from parallel_agents.core.schema import JsonObject
from parallel_agents.testing.behaviour import Drip, Hang, Reply, answer_by_schema
from tests.support.pythons import needs_threads_at_the_end

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.processes import Ended
    from tests.acceptance.support.provider import FakeProvider

GUIDE = Path(__file__).parent / "guide"
BLOCKS = sorted(GUIDE.glob("*.py"))
RUN = """
import sys
sys.path.insert(0, sys.argv[1])
space = {"__name__": "__main__"}
for file in sys.argv[2:]:
    with open(file, encoding="utf-8") as source:
        exec(compile(source.read(), file, "exec"), space)
"""
PROVIDERS = """
[providers.anthropic]
base_url = "{base_url}"
[providers.kimi-coding]
base_url = "{base_url}"
"""
KEYS = {"ANTHROPIC_API_KEY": "none", "KIMI_API_KEY": "none"}
# `time.sleep` that waits for what was spawned instead, for a block that sleeps half a minute.
NO_SLEEP = """
import sys, time, types
from helpers import poll_until_complete
from tools import sessions_list
patient = types.ModuleType("time")
vars(patient).update(vars(time))
patient.sleep = lambda seconds: poll_until_complete(sessions_list()["sessions"], timeout=seconds)
sys.modules["time"] = patient
"""
SPAWN = "from tools import sessions_spawn\n"
ARE_DONE = """
from helpers import poll_until_complete
assert all(r["success"] for r in poll_until_complete({names})), {names}
"""
COMPLETED = """
assert [r.status for r in results] == ["completed"] * {count}, results
assert all(r.output and r.session_key and r.execution_time >= 0 for r in results)
"""


NAMED = """
from helpers import collect_agent_results, parallel_spawn, poll_until_complete
from tools import agents_list, agents_wait, session_status, sessions_history, sessions_list
from tools import sessions_send, sessions_spawn, sessions_yield, subagents

first = sessions_spawn({"task": "Say one.", "label": "by-dictionary"})
second = sessions_spawn(task="Say two.", agent_id="agent_content_writer_funny_2", run_timeout_seconds=60)
third = sessions_spawn("Say three.", agent_type="code_reviewer", taskName="by-task-name")
hung = sessions_spawn(task="This is never over.", label="hung", timeout=60)
kinds = parallel_spawn([{"type": "content_writer_trendy", "topic": "rain"}, "Say four."])
assert "is the label of a session of content_writer_funny" in second["note"]

names = ["by-dictionary", second["childSessionKey"], third, third["runId"], "by-task-name", *kinds]
results = poll_until_complete(names)
assert all(result["success"] for result in results), results
assert results[2]["output"] == results[3]["output"] == results[4]["output"] != None
agents = [result["childSessionKey"].split(":")[1] for result in results]
assert agents[1:3] == ["content_writer_funny", "code_reviewer"]
assert agents[5:] == ["content_writer_trendy", "main"]
waiting, unknown = collect_agent_results([hung, "nobody"], timeout=0)
assert (waiting["success"], waiting["status"]) in [(False, "running"), (False, "pending")]
assert unknown["error"].startswith("PA-E104"), unknown

rows = sessions_list(agent_id_pattern="agent_content_*", limit=1)
assert [row["sessionKey"] for row in rows] == [second["childSessionKey"]]
assert poll_until_complete(rows)[0]["success"]
assert sessions_list(agentIdPattern="nothing")["count"] == 0
assert sessions_history(session_key="by-dictionary")[-1]["content"] == "Say one."
assert sessions_history({"sessionKey": first["childSessionKey"][:-4] + "..."})[0]["role"] == "user"
assert sessions_send("by-dictionary", "Again.", timeout_seconds="30")["reply"] == "Again."
assert session_status("by-dictionary")["status"] == "done"
assert any(agent["id"] == "main" for agent in agents_list()["agents"])
assert [agent["id"] for agent in agents_list(agent_id="main")["agents"]] == ["main"]
assert "code_reviewer" in {agent["id"] for agent in agents_list("code_review")["agents"]}
assert agents_wait([third["runId"]], 5)["completed"][0]["status"] == "done"
assert subagents()["status"] == subagents("list")["status"] == "ok"
assert sessions_history("mine")["status"] == "forbidden"
assert "work of the person" in poll_until_complete("mine")[0]["error"]
assert "mine" not in str(subagents()) + str(sessions_list(limit=200))
assert "PARALLEL_AGENTS_CLIENT" in subagents("kill", "all")["error"]
assert subagents("kill", "hung")["status"] == "ok"
assert poll_until_complete("hung")[0]["error"].startswith("PA-E304")
assert sessions_yield()["status"] == "error"
again = sessions_spawn(task="Say it anew.", label="by-dictionary")
assert poll_until_complete("by-dictionary")[0]["childSessionKey"] == again["childSessionKey"]
assert sessions_history("by-dictionary")[0]["content"] == "Say it anew."
print("as it should be")
"""


UNDER = """
from ai_orchestrator import AgentTask, run_parallel
from helpers import poll_until_complete, spawn_parallel_with_retry
from tools import sessions_spawn

child = sessions_spawn(task="One.", label="under-0", agent_type="main")
assert child["status"] == "accepted", child
assert poll_until_complete(child)[0]["success"]
assert sessions_spawn(task="Review.", agent_type="code_reviewer")["status"] == "forbidden"
tasks = [{"task": f"{n}.", "label": f"under-r{n}", "agent_type": "main"} for n in range(5)]
assert all(r["success"] for r in spawn_parallel_with_retry(tasks, use_hierarchy=False))
tasks = [AgentTask("main", f"{n}.", task_id=f"under-o{n}") for n in range(5)]
results = run_parallel([*tasks, AgentTask("code_reviewer", "Review.")])
assert [r.status for r in results] == ["completed"] * 5 + ["failed"], results
assert results[-1].error.startswith("PA-E108")
"""


class Case(NamedTuple):
    """What a block leaves open, and what must be so after it."""

    before: str = ""
    after: str = ""


CASES = {
    "1-01": Case(after=ARE_DONE.format(names="[result1, result2, result3]")),
    "1-02": Case(after=COMPLETED.format(count=2)),
    "1-03": Case(
        'agent_prompt, type, id = "Say hello.", "research", 7',
        'assert result["resolvedModel"] == "k2p5"\n'
        + ARE_DONE.format(names='["agent_research_7"]'),
    ),
    "1-04": Case(after=COMPLETED.format(count=4)),
    "1-05": Case(
        "from ai_orchestrator import RealAIParallelOrchestrator\norch = RealAIParallelOrchestrator()",
        # Nobody has made an agent of that name here.
        "assert results[0].error.startswith(\"PA-E102 there is no agent 'my_agent'\"), results[0]",
    ),
    "1-06": Case(SPAWN, 'assert result["childSessionKey"].startswith("flow:do:"), result'),
    "1-07": Case("from dataclasses import dataclass\nfrom typing import Any, Dict"),
    "1-08": Case("from dataclasses import dataclass\nfrom typing import Any, Dict"),
    "1-09": Case(after=COMPLETED.format(count=5)),
    "1-10": Case(after=COMPLETED.format(count=5)),
    "1-11": Case(after=COMPLETED.format(count=5)),
    "1-12": Case(after=COMPLETED.format(count=6)),
    "1-13": Case(after=COMPLETED.format(count=6)),
    "1-14": Case(
        "import json\nfrom helpers import poll_until_complete\nfrom tools import sessions_spawn\n"
        'asked = sessions_spawn(task="Anything.", agent_id="agent_main_14", cleanup="delete")\n'
        "poll_until_complete(asked)",
        "assert isinstance(output, dict) and output",
    ),
    "3-01": Case(after=ARE_DONE.format(names="[agent1, agent2, agent3]")),
    "3-02": Case(),
    "3-03": Case(after=ARE_DONE.format(names="[result1, result2, result3]")),
    "3-04": Case(
        "from helpers import poll_until_complete\nfrom tools import sessions_spawn\n"
        'poll_until_complete(sessions_spawn(task="Anything."))',
        'import json\nassert json.loads(output) and final_message["role"] == "assistant"',
    ),
    "3-05": Case(after="assert len(agents) == 3\n" + ARE_DONE.format(names="agents")),
    "3-06": Case(after=ARE_DONE.format(names="results")),
    "3-07": Case(
        "from helpers import parallel_spawn\n"
        'agent_session_keys = [a["childSessionKey"] for a in parallel_spawn(["One.", "Two."])]',
        'assert [r["status"] for r in outputs] == ["completed"] * 2',
    ),
    "3-08": Case(
        after='assert [r["topic"] for r in results if r["success"]] == team.topics, results'
    ),
    "3-09": Case(SPAWN, ARE_DONE.format(names="agents")),
    "3-10": Case(SPAWN, ARE_DONE.format(names="reviews")),
    "3-11": Case(SPAWN, ARE_DONE.format(names="content")),
    "3-12": Case(
        "from pathlib import Path",
        'assert result["success"] and len(results) == 3 and all(r["success"] for r in results)',
    ),
    "3-13": Case(
        NO_SLEEP,
        'assert sessions_history(result["childSessionKey"])[-1]["role"] == "assistant"',
    ),
    "3-14": Case(),
    "3-15": Case(after='assert result["model_used"] == "anthropic/claude-haiku-4-5", result'),
    "3-16": Case(
        "from helpers import spawn_with_retry",
        'assert (result["model_used"], result["attempts"]) == ("kimi-coding/k2p5", 1), result',
    ),
    "3-17": Case(
        after='assert [r["model_used"] for r in results] == ["anthropic/claude-haiku-4-5"] * 3'
    ),
}


def answer_in_json(body: JsonObject) -> Reply:
    """The tasks of the guides ask for JSON in words."""
    said = answer_by_schema(body)
    if not isinstance(said, str) or said.startswith("{"):
        return said
    return orjson.dumps({"answer": said}).decode()


class Skill(NamedTuple):
    """The skill, as the installed command wrote it into a user's home."""

    pagents: Pagents
    folder: Path
    programs: Path

    def run(self, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Python in the project, to its end."""
        return subprocess.run(
            [self.programs / "python", *arguments],
            env=self.pagents.environment | variables,
            cwd=self.pagents.folder,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )

    def run_in_turn(self, files: Sequence[Path]) -> subprocess.CompletedProcess[str]:
        """Files of Python, one after the other, with the skill's on the path."""
        return self.run("-c", RUN, self.folder, *files, **KEYS)


@pytest.fixture(scope="module")
def skill(shared: Pagents, served: FakeProvider, programs: Path) -> Iterator[Skill]:
    home = shared.home.parent / "person"
    home.mkdir(mode=0o700)
    shared.environment["HOME"] = str(home)
    with (shared.home / "config.toml").open("a", encoding="utf-8") as config:
        config.write(PROVIDERS.format(base_url=served.base_url.removesuffix("/v1")))
    shared.file("app.py", "def half(number):\n    return number / 0\n")
    assert shared("openclaw", "install-skill").code == 0
    yield Skill(shared, home / ".openclaw" / "skills" / "parallel-agents", programs)
    shared.wait_workers_gone()


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.stem)
def test_a_block_of_the_guides_runs_as_written(
    block: Path, skill: Skill, provider: FakeProvider, tmp_path: Path
) -> None:
    provider.answer = answer_in_json
    case = CASES[block.stem]
    before, after = tmp_path / "before.py", tmp_path / "after.py"
    before.write_text(case.before, "utf-8")
    after.write_text(case.after, "utf-8")

    done = skill.run_in_turn([before, block, after])

    assert done.returncode == 0, done.stdout + done.stderr


SYNTHESIS = """
from parallel_agents.builders import ResearchTeam

team = ResearchTeam(["tides", "moss"])
report, again = team.synthesis(), team.synthesis()
assert again["runId"] == report["runId"]
print(report["success"], report["missing"], report["statements"] or report["error"])
"""


def answer_of_an_editor(quote: str) -> Callable[[JsonObject], Reply]:
    """Researchers say what their task is; the editor quotes it, rightly or not."""

    def answer(body: JsonObject) -> Reply:
        if "Make one report of these findings." not in orjson.dumps(body).decode():
            return f"The topic is slow and green: {answer_by_schema(body)}"
        statement = {"topic": "moss", "quote": quote, "statement": "It is slow."}
        return orjson.dumps({"statements": [statement]}).decode()

    return answer


def test_a_research_team_makes_a_report_whose_statements_quote_their_topics(
    skill: Skill, provider: FakeProvider
) -> None:
    provider.answer = answer_of_an_editor("The topic is slow and green")

    done = skill.run("-c", SYNTHESIS)

    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "True [] [{'topic': 'moss', 'quote': 'The topic is slow and green', "
        "'statement': 'It is slow.'}]\n"
    )


def test_a_report_that_quotes_what_no_topic_said_is_refused(
    skill: Skill, provider: FakeProvider
) -> None:
    provider.answer = answer_of_an_editor("Moss grows on the moon")

    done = skill.run("-c", SYNTHESIS)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("False [] PA-E")


def test_every_block_is_in_the_table() -> None:
    assert [block.stem for block in BLOCKS] == sorted(CASES)
    assert len(BLOCKS) == 14 + 17


@pytest.mark.parametrize("name", ["simple_parallel_research", "content_team", "retries_and_models"])
def test_an_example_runs_without_any_key(name: str, skill: Skill) -> None:
    done = skill.run(skill.folder / "examples" / f"{name}.py")

    assert done.returncode == 0, done.stderr
    assert "failed" not in done.stdout
    assert "Traceback" not in done.stderr


def test_without_a_key_the_settings_model_answers_and_that_is_said(skill: Skill) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(skill.folder)!r})\n"
        "from helpers import spawn_with_model_hierarchy\n"
        "result = spawn_with_model_hierarchy('Say hello.')\n"
        "print(result['model_used'], len(result['skipped']))"
    )

    done = skill.run("-c", code)

    assert done.stdout == "bench/good 3\n"
    assert "no key is set; the settings' model is used" in done.stderr


def test_what_is_not_over_when_a_script_ends_goes_on_in_the_background(
    skill: Skill, provider: FakeProvider
) -> None:
    provider.gives(Drip(0.5), times=1)
    code = (
        "from parallel_agents.surfaces.openclaw.tools import sessions_spawn\n"
        "for number in range(10):\n"
        "    sessions_spawn(task=f'Background {number}.', label='background')"
    )
    asked = "SELECT r.status FROM runs r JOIN sessions s ON s.key = r.session"
    asked += " WHERE s.label = 'background'"

    done = skill.run("-c", code, PARALLEL_AGENTS_MAX_PARALLEL="1")

    assert done.returncode == 0, done.stderr
    # The answer of the call in flight comes before the script has ended.
    assert "9 unfinished: continuing in the background" in done.stderr
    skill.pagents.wait_until(lambda: skill.pagents.query(asked) == [("done",)] * 10)
    assert len(provider.requests) == 10


@needs_threads_at_the_end
def test_ctrl_c_breaks_off_the_wait_and_what_was_spawned_goes_on_in_the_background(
    skill: Skill, provider: FakeProvider
) -> None:
    provider.gives(Hang(), times=1)
    code = (
        f"import sys; sys.path.insert(0, {str(skill.folder)!r})\n"
        "from ai_orchestrator import AgentTask, run_parallel\n"
        "run_parallel([AgentTask('content_writer_funny', 'A post.', task_id='interrupted')])"
    )
    script = replace(skill.pagents, path=Path(sys.executable)).start("-c", code)
    provider.wait_in_flight(1)

    script.interrupt()
    script.wait_for("Ctrl-C stops waiting")
    script.interrupt()

    ended = script.ended()
    assert ended.code != 0
    assert "KeyboardInterrupt" in ended.err
    assert "continuing in the background" in ended.err
    asked = "SELECT r.status FROM runs r JOIN sessions s ON s.key = r.session"
    asked += " WHERE s.label = 'interrupted'"
    skill.pagents.wait_until(lambda: skill.pagents.query(asked) == [("done",)])


def test_the_functions_find_what_they_spawned_however_it_is_named(
    skill: Skill, provider: FakeProvider
) -> None:
    provider.gives(Hang(), "never over")
    code = f"import sys; sys.path.insert(0, {str(skill.folder)!r})\n{NAMED}"
    skill.pagents("spawn", "main", "Mine.", "--label", "mine", "--wait")

    done = skill.run("-c", code)

    assert done.returncode == 0, done.stderr
    assert done.stdout == "as it should be\n"


def test_what_a_process_spawns_for_a_session_is_under_it_and_within_its_policy(
    skill: Skill,
) -> None:
    skill.pagents.project(
        "agents/lead.md",
        "---\nname: lead\ndescription: Leads.\npolicy: {spawns: [main], max_children: 2}\n---\nLead.\n",
    )
    assert skill.pagents("spawn", "lead", "Lead.", "--label", "lead", "--wait").code == 0
    lead = str(skill.pagents.query("SELECT key FROM sessions WHERE label = 'lead'")[0][0])
    code = f"import sys; sys.path.insert(0, {str(skill.folder)!r})\n{UNDER}"

    done = skill.run("-c", code, PARALLEL_AGENTS_PARENT_SESSION=lead)

    assert done.returncode == 0, done.stderr
    asked = "SELECT parent, COUNT(*) FROM sessions WHERE label LIKE 'under-%' GROUP BY parent"
    assert skill.pagents.query(asked) == [(lead, 1 + 5 + 5)]


def test_a_file_that_its_user_changed_is_kept_without_force(pagents: Pagents) -> None:
    def install(*options: str) -> Ended:
        return pagents("openclaw", "install-skill", "skills", *options)

    assert install().out.count("written") == 11
    assert install().out.count("up to date") == 11
    changed = pagents.folder / "skills" / "parallel-agents" / "helpers.py"
    changed.write_text("mine = 1\n", "utf-8")

    refused = install()
    assert refused.code == 1
    assert refused.err.index("helpers.py differs:") < refused.err.index("-mine = 1")
    assert (
        refused.err.index("-mine = 1") < refused.err.index("PA-E380") < refused.err.index("--force")
    )

    assert changed.read_text("utf-8") == "mine = 1\n"
    assert install("--force").out.count("overwritten") == 1
    assert "mine" not in changed.read_text("utf-8")


def test_a_python_without_the_package_is_told_which_has_it(skill: Skill) -> None:
    done = skill.run(
        "-S", "-c", f"import sys; sys.path.insert(0, {str(skill.folder)!r}); import tools"
    )

    assert done.returncode == 1
    assert f"Run this with {sys.executable}" in done.stderr
    assert "-m pip install '.[local]'" in done.stderr


def test_the_guide_of_the_skill_runs_from_its_beginning_to_its_end(
    skill: Skill, tmp_path: Path
) -> None:
    text = (skill.folder / "USAGE-GUIDE.md").read_text("utf-8")
    script = tmp_path / "guide.py"
    script.write_text("\n".join(re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)), "utf-8")

    done = skill.run(script)

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("completed") == 5


def test_the_commands_that_the_model_reads_run_as_they_are(skill: Skill) -> None:
    text = (skill.folder / "SKILL.md").read_text("utf-8")
    commands = re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)

    done = [
        subprocess.run(
            ["sh", "-e", "-c", command],
            env=skill.pagents.environment,
            cwd=skill.pagents.folder,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        for command in commands
    ]

    assert [ended.returncode for ended in done] == [0, 0], done
    assert done[0].stdout.count("'status': 'accepted'") == 2
    assert done[1].stdout.count("True") == 2


def test_the_front_matter_is_what_every_client_of_skills_reads(skill: Skill) -> None:
    lines = (skill.folder / "SKILL.md").read_text("utf-8").split("\n---\n")[0].splitlines()

    assert lines[:2] == ["---", "name: parallel-agents"]
    assert lines[2].startswith("description: ")
    assert len(lines[2]) <= 1024
    assert len(lines) == 3
    assert not any("@" in line for line in lines)
    assert os.fspath(skill.folder) in (skill.folder / "SKILL.md").read_text("utf-8")
