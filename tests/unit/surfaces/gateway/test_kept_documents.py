"""What is kept of documents is never shown for a session that has changed."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.row import Row
from parallel_agents.core.run import Run, RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.silence import Silence
from parallel_agents.core.usage import Spend
from parallel_agents.surfaces.gateway.kept_documents import KeptDocuments
from parallel_agents.views.session_documents import whole_json
from parallel_agents.views.sessions import SessionLine

AGENT = Agent(name="writer", description="Writes", instructions="Write.")
KEY = SessionKey("agent:writer:subagent:1")
SESSION = Session(key=KEY, agent=AGENT, label="writer", spawn_key="1", root=KEY)
RUN = Run(
    id=RunId("run"),
    session=KEY,
    number=1,
    kind=RunnerKind.AGENT,
    status=RunStatus.RUNNING,
    title="task",
)
LINE = SessionLine(row=Row(session=SESSION, run=RUN), is_stopped=False, until=1.0)


def shown(documents: KeptDocuments, line: SessionLine) -> object:
    return orjson.loads(orjson.dumps(documents.of(line)))


@pytest.mark.parametrize(
    "changed",
    [
        replace(LINE, doing="calls look"),
        replace(LINE, silence=Silence(9.0, None, 60.0)),
        replace(LINE, lacks="no model"),
        replace(LINE, spend=Spend(calls=3)),
        replace(LINE, row=replace(LINE.row, run=replace(RUN, status=RunStatus.DONE))),
    ],
)
def test_a_changed_session_has_its_own_document(changed: SessionLine) -> None:
    documents = KeptDocuments()

    assert shown(documents, LINE) == whole_json(LINE)
    assert shown(documents, changed) == whole_json(changed)
    assert shown(documents, LINE) == whole_json(LINE)


def test_an_unchanged_session_is_not_encoded_again() -> None:
    documents = KeptDocuments()

    assert documents.of(LINE) is documents.of(replace(LINE))
