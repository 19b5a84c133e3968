"""Shared by the tests of the documentation: an environment in which commands run offline."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from parallel_agents.core.message import ToolCall
from parallel_agents.core.schema import JsonObject
from parallel_agents.models.shapes import object_at, objects_at, text_at
from parallel_agents.testing import Behaviour, LoopbackProvider, serve
from parallel_agents.testing.behaviour import Fault, HttpError
from parallel_agents.testing.samples import make_sample

# Slow enough for a message to reach a run that was just spawned.
_LATENCY_SECONDS = 0.2
_CONFIG = """
model = "mine/echo"

[providers.mine]
wire = "chat"
base_url = "{base_url}"
prices."*" = {{ input_usd = 0.5, output_usd = 1.5, cache_read_usd = 0.05 }}
"""


def _call_tools_first(body: JsonObject) -> str | Sequence[ToolCall]:
    """Call each offered tool once, then answer as a loopback provider does."""
    tools = [object_at(tool, "function") for tool in objects_at(body, "tools")]
    has_results = any(text_at(each, "role") == "tool" for each in objects_at(body, "messages"))
    if not tools or has_results:
        return Behaviour().answer(body)
    return [_call(text_at(tool, "name"), object_at(tool, "parameters")) for tool in tools]


def _call(name: str, parameters: JsonObject) -> ToolCall:
    sample = make_sample(parameters)
    assert isinstance(sample, dict)
    return ToolCall(f"call-{name}", name, sample)


def _refuse_temperature(number: int, body: JsonObject) -> Fault | None:
    """Refuse a temperature as a model that reasons does, for the model `mine/picky`."""
    del number
    if text_at(body, "model") != "picky" or "temperature" not in body:
        return None
    return HttpError(400, "Unsupported parameter: 'temperature' is not supported with this model.")


_BEHAVIOUR = Behaviour(
    latency_seconds=_LATENCY_SECONDS, answer=_call_tools_first, fault=_refuse_temperature
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offline:
    """A home whose default model is a server on loopback, and an empty project.

    Attributes:
        programs: the folder of `pagents` and `python`.
    """

    home: Path
    project: Path
    provider: LoopbackProvider
    programs: Path

    def run(
        self, command: Sequence[str], *, folder: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command without any key; stdout and stderr are returned as one text."""
        return subprocess.run(
            command,
            cwd=folder or self.project,
            env={
                "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(self.home.parent),
                "PARALLEL_AGENTS_HOME": str(self.home),
                "USER": "ana",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=50,
            check=False,
        )


@pytest.fixture
def offline(tmp_path: Path, programs: Path) -> Iterator[Offline]:
    home, project = tmp_path / ".parallel-agents", tmp_path / "project"
    home.mkdir(mode=0o700)
    project.mkdir()
    with serve(_BEHAVIOUR) as provider:
        (home / "config.toml").write_text(_CONFIG.format(base_url=provider.base_url))
        yield Offline(home=home, project=project, provider=provider, programs=programs)
