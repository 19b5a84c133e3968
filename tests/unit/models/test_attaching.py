"""Files in a conversation: sent as the model takes them, or with a word why not; no session dies of one."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Budget
from parallel_agents.core.event import Noticed, Queued
from parallel_agents.core.message import File, user
from parallel_agents.core.model import Capabilities, ModelRequest
from parallel_agents.core.run import RunStatus
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import CannotSee, Conflict, InvalidInput, RequestRejected
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing import Answer, RepliesWith, ScriptedModel, open_rig
from tests.unit.models.images import pdf, png

SEES = Capabilities(images=True, pdfs=True)
AGENT = Agent(name="looker", description="Looks", instructions="Look.")


@pytest.fixture
def chart(tmp_path: Path) -> File:
    path = tmp_path / "chart.txt"
    path.write_bytes(png())
    return File(path)


def files_in(folder: Path, count: int) -> tuple[File, ...]:
    for number in range(count):
        (folder / f"{number}.png").write_bytes(png(4, 4 + number))
    return tuple(File(folder / f"{number}.png") for number in range(count))


def shown(request: ModelRequest) -> list[str]:
    """The names of the files that a request shows, and the lines that stand for others."""
    return [
        part.called if isinstance(part, File) else part.text
        for message in request.messages
        for part in message.parts
        if isinstance(part, File) or (part.type == "text" and "(From the runtime" in part.text)
    ]


async def test_a_file_is_shown_with_its_task_and_in_later_runs(chart: File) -> None:
    model = ScriptedModel(["red", "still red"], capabilities=SEES)
    async with open_rig(model, agents=[AGENT]) as rig:
        session = await rig.sessions.spawn(Task("looker", "Which colour?", files=(chart,)))
        first = await session.wait()
        await session.send("And now?")
        await session.wait()
        events = await rig.sessions.history(session.key)

    (file, text) = model.requests[0].messages[0].parts
    assert isinstance(file, File)
    assert (file.media_type, file.width, text.type) == ("image/png", 4, "text")
    assert model.requests[0].files == {file.id: base64.b64encode(png()).decode()}
    assert model.requests[1].files == model.requests[0].files
    assert first.output == "red"
    queued = events[0].body
    assert isinstance(queued, Queued)
    assert base64.b64encode(png())[:20] not in orjson.dumps([e.body for e in events])
    assert str(queued.files[0]) == "[chart.txt, image/png, 73 bytes]"


async def test_a_file_of_the_input_is_shown_and_named_there(chart: File) -> None:
    model = ScriptedModel(["red"], capabilities=SEES)
    async with open_rig(model, agents=[AGENT]) as rig:
        task = Task("looker", "Which colour?", input={"chart": chart, "language": "en"})
        await (await rig.sessions.spawn(task)).wait()

    (message,) = model.requests[0].messages
    assert [file.called for file in message.files] == ["chart.txt"]
    assert '"chart": "chart.txt"' in message.text


async def test_a_message_may_have_files_and_so_may_each_task_of_a_team(chart: File) -> None:
    model = RepliesWith(lambda _: "seen", capabilities=SEES)
    async with open_rig(model, agents=[AGENT]) as rig:
        session = await rig.sessions.spawn(Task("looker", "Hello."))
        await session.wait()
        await session.send("Which colour?", files=[chart])
        await session.wait()
        tasks = (Task("looker", "Look.", files=(chart,)), Task("looker", "Rest."))
        team = await rig.sessions.spawn_team(TeamTask(tasks=tasks), key="team")
        result = await rig.sessions.team_result(team)

    assert [len(request.files) for request in model.requests] == [
        0,
        1,
        *sorted((1, 0), reverse=True),
    ]
    assert result.status is RunStatus.DONE


async def test_the_same_key_with_another_file_is_other_work(tmp_path: Path) -> None:
    one, two = files_in(tmp_path, 2)
    model = RepliesWith(lambda _: "seen", capabilities=SEES)
    async with open_rig(model, agents=[AGENT]) as rig:
        first = await rig.sessions.spawn(Task("looker", "Look.", key="k", files=(one,)))
        again = await rig.sessions.spawn(Task("looker", "Look.", key="k", files=(one,)))
        with pytest.raises(Conflict):
            await rig.sessions.spawn(Task("looker", "Look.", key="k", files=(two,)))
        artifacts = await (await rig.sessions.artifacts(first)).list()

    assert (first.key, again.is_new) == (again.key, False)
    assert [record.artifact.name for record in artifacts] == ["0.png"]


@pytest.mark.parametrize(
    ("capabilities", "says", "hint"),
    [
        (Capabilities(), "not known whether", "images = true"),
        (Capabilities(images=False), "sees no images", "--model"),
    ],
)
async def test_a_model_that_cannot_see_is_refused_before_any_call(
    chart: File, capabilities: Capabilities, says: str, hint: str
) -> None:
    model = ScriptedModel([], capabilities=capabilities)
    async with open_rig(model, agents=[AGENT]) as rig:
        with pytest.raises(CannotSee, match=says) as refused:
            await rig.sessions.spawn(Task("looker", "Look.", files=(chart,)))
        rows = await rig.sessions.list()

    assert hint in refused.value.hint
    assert rows == []


async def test_a_model_of_a_ladder_that_cannot_see_is_refused(chart: File) -> None:
    sees = ScriptedModel([], "scripted/sees", capabilities=SEES)
    blind = ScriptedModel([], "scripted/blind")
    async with open_rig(sees, blind, agents=[AGENT]) as rig:
        ladder = ("scripted/sees", "scripted/blind")
        with pytest.raises(CannotSee, match="scripted/blind"):
            await rig.sessions.spawn(Task("looker", "Look.", ladder=ladder, files=(chart,)))


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"a text", "text/plain"), (png()[:-9], "cut off"), (png(9000, 1), "9,000 by 1 pixels")],
)
async def test_what_no_model_takes_never_gets_into_a_session(
    tmp_path: Path, content: bytes, says: str
) -> None:
    (tmp_path / "chart.png").write_bytes(content)
    model = ScriptedModel(["hello", "still here"], capabilities=SEES)
    async with open_rig(model, agents=[AGENT]) as rig:
        session = await rig.sessions.spawn(Task("looker", "Hello."))
        await session.wait()
        with pytest.raises(InvalidInput) as refused:
            await session.send("Look.", files=[File(tmp_path / "chart.png")])
        await session.send("Still there?")
        result = await session.wait()

    assert says in str(refused.value) + refused.value.why
    assert result.output == "still here"


def rejects(*bad: str) -> Callable[[ModelRequest], Answer]:
    """A provider that refuses requests with these files, as for an image that it cannot read."""

    def answer(request: ModelRequest) -> Answer:
        names = {file.called for message in request.messages for file in message.files}
        if names & set(bad):
            return RequestRejected("the server refused the request", why="Could not process image")
        return "seen"

    return answer


async def test_a_file_that_the_provider_refuses_does_not_end_the_session(tmp_path: Path) -> None:
    bad, good = files_in(tmp_path, 2)
    model = RepliesWith(rejects("0.png"), capabilities=SEES)
    async with open_rig(model, agents=[AGENT]) as rig:
        session = await rig.sessions.spawn(Task("looker", "Look.", files=(bad,)))
        first = await session.wait()
        await session.send("Go on.")
        before = await session.wait()
        await session.send("Go on.", files=[good])
        second = await session.wait()
        await session.send("And on.")
        third = await session.wait()
        events = await rig.sessions.history(session.key)

    statuses = [each.status for each in (first, before, second, third)]
    assert statuses == ["failed", "done", "done", "done"]
    assert shown(model.requests[-1])[1:] == ["1.png"]
    assert "the provider has refused it" in shown(model.requests[-1])[0]
    assert any(isinstance(e.body, Noticed) and "0.png" in e.body.text for e in events)


async def test_a_session_with_more_files_than_a_request_holds_leaves_out_the_oldest(
    tmp_path: Path,
) -> None:
    files = files_in(tmp_path, 23)
    model = RepliesWith(lambda _: "seen", capabilities=SEES)
    async with open_rig(model, agents=[AGENT]) as rig:
        session = await rig.sessions.spawn(Task("looker", "Look.", files=files[:20]))
        await session.wait()
        await session.send("And these.", files=files[20:])
        result = await session.wait()
        with pytest.raises(InvalidInput, match="23 files"):
            await session.send("All.", files=files)

    names = shown(model.requests[-1])
    assert result.is_done
    assert len(model.requests[-1].files) == 20
    assert all("left out" in name for name in names[:3])
    assert names[3:] == [f"{number}.png" for number in range(3, 23)]


async def test_a_content_that_is_gone_ends_the_run_with_that(chart: File) -> None:
    model = ScriptedModel([], capabilities=SEES)
    async with open_rig(model, agents=[AGENT]) as rig:
        (planned,) = [await rig.service.plan_task(Task("looker", "Look.", files=(chart,)))]
        rig.contents.forget(planned.queued.files[0].id)
        spawned = await rig.service.start([planned])
        (result,) = await rig.service.wait([spawned.run_id])

    assert result.status is RunStatus.FAILED
    assert result.error is not None
    assert result.error.code == "PA-E420"


async def test_a_session_goes_on_without_an_earlier_file_whose_content_is_gone(chart: File) -> None:
    model = ScriptedModel(["red", "gone"], capabilities=SEES)
    store = MemoryStore()
    async with open_rig(model, agents=[AGENT], store=store) as rig:
        session = await rig.sessions.spawn(Task("looker", "Look.", files=(chart,)))
        await session.wait()
    async with open_rig(model, agents=[AGENT], store=store) as rig:  # its contents are its own
        sent = await rig.service.send(session.key, "And now?")
        (later,) = await rig.service.wait([sent.run_id])
        events = await rig.sessions.history(session.key)
    await store.aclose()

    assert later.is_done
    (line,) = shown(model.requests[-1])
    assert "chart.txt" in line
    assert "is gone" in line
    assert any(isinstance(e.body, Noticed) and "chart.txt" in e.body.text for e in events)


@pytest.mark.real_time
async def test_a_model_that_takes_no_pdfs_is_given_their_text(tmp_path: Path) -> None:
    (tmp_path / "paper").write_bytes(pdf("Tea rises."))
    model = ScriptedModel(["read", "read again"])
    async with open_rig(model, agents=[AGENT]) as rig:
        session = await rig.sessions.spawn(
            Task("looker", "Sum up.", files=(File(tmp_path / "paper", name="paper.pdf"),))
        )
        await session.wait()
        await session.send("Again.")
        await session.wait()

    text = model.requests[1].messages[0].text
    assert text.startswith("The text of paper.pdf:\n[page 1]\nTea rises.")
    assert text.endswith("Sum up.")
    assert model.requests[1].files == {}


@pytest.mark.real_time
@pytest.mark.parametrize(
    "content", [b"%PDF-1.4\nnothing that could be read\n%%EOF\n", pdf("")], ids=["junk", "scan"]
)
async def test_a_pdf_without_text_ends_its_run_with_a_word_and_no_later_one(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "scan.pdf").write_bytes(content)
    model = ScriptedModel(["hello"])
    async with open_rig(model, agents=[AGENT]) as rig:
        task = Task("looker", "Sum up.", files=(File(tmp_path / "scan.pdf"),))
        session = await rig.sessions.spawn(task)
        result = await session.wait()
        await session.send("Never mind.")
        later = await session.wait()

    assert result.error is not None
    assert result.error.code == "PA-E128"
    assert "no text that can be read" in result.error.message
    assert later.is_done
    assert "no text that can be read" in shown(model.requests[-1])[0]


async def test_a_pdf_is_shown_to_a_model_that_takes_it(tmp_path: Path) -> None:
    (tmp_path / "paper.pdf").write_bytes(pdf())
    model = ScriptedModel(["read"], capabilities=SEES)
    async with open_rig(model, agents=[AGENT]) as rig:
        task = Task("looker", "Sum up.", files=(File(tmp_path / "paper.pdf"),))
        await (await rig.sessions.spawn(task)).wait()

    assert list(model.requests[0].files.values()) == [base64.b64encode(pdf()).decode()]


async def test_a_budget_counts_what_is_shown(chart: File) -> None:
    model = ScriptedModel(["red"], capabilities=SEES)
    async with open_rig(model, agents=[AGENT]) as rig:
        with_file = await rig.service.plan_task(Task("looker", "Look.", files=(chart,)))
    (file,) = with_file.queued.files

    plain = ModelRequest(messages=(user("Look."),)).most_input_tokens()
    shows = ModelRequest(messages=(user("Look.", [file]),)).most_input_tokens()
    assert shows - plain == file.shape.most_tokens > 100


@pytest.mark.real_time
async def test_a_budget_covers_the_text_that_stands_for_a_pdf(tmp_path: Path) -> None:
    (tmp_path / "paper.pdf").write_bytes(pdf("Tea rises. " * 3000))
    model = ScriptedModel([])
    async with open_rig(model, agents=[AGENT]) as rig:
        files, budget = (File(tmp_path / "paper.pdf"),), Budget(tokens=20_000)
        task = Task("looker", "Sum up.", files=files, budget=budget)
        result = await (await rig.sessions.spawn(task)).wait()

    assert result.status is RunStatus.OVER_BUDGET
    assert model.requests == []


async def test_a_refusal_that_is_not_for_a_file_hides_none(tmp_path: Path) -> None:
    (chart,) = files_in(tmp_path, 1)

    def refuses_once(request: ModelRequest) -> Answer:
        if "Odd." in request.messages[-1].text:
            return RequestRejected("temperature is out of range")
        return "seen"

    model = RepliesWith(refuses_once, capabilities=SEES)
    async with open_rig(model, agents=[AGENT]) as rig:
        session = await rig.sessions.spawn(Task("looker", "Look.", files=(chart,)))
        await session.wait()
        await session.send("Odd.")
        odd = await session.wait()
        other = await rig.sessions.spawn(Task("looker", "Look too.", files=(chart,)))
        result = await other.wait()

    assert (odd.status, result.status) == ("failed", "done")
    assert shown(model.requests[-1]) == ["0.png"]
