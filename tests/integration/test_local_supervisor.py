"""The start and end of the server child, without a model file."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from parallel_agents.errors import LocalModelError, MissingExtra
from parallel_agents.models.local.launch import Launch
from parallel_agents.models.local.supervisor import COMMAND, Supervisor

READY = '{"base_url": "http://127.0.0.1:9/v1", "load_seconds": 0.1}'
SERVES = f"import sys; sys.stdin.readline(); print('{READY}', flush=True); sys.stdin.read()"
HANGS = f"import sys, signal; print('{READY}', flush=True); signal.pause()"
WITHOUT_RUNTIME = (
    "import sys; sys.modules['xllamacpp'] = None; "
    "from parallel_agents.models.local import child; child.main()"
)


async def prepare() -> Launch:
    return Launch(
        file="/no/such/file.gguf",
        alias="local/none",
        key="s3cret",
        slots=1,
        threads=1,
        context_tokens=512,
        repack=True,
    )


def supervise(folder: Path, command: Sequence[str]) -> Supervisor:
    return Supervisor(prepare, log=folder / "server.log", command=command)


def python(code: str) -> Sequence[str]:
    return (sys.executable, "-c", code)


async def fail(folder: Path, command: Sequence[str]) -> LocalModelError:
    supervisor = supervise(folder, command)
    with pytest.raises(LocalModelError) as caught:
        await supervisor.server()
    await supervisor.aclose()
    return caught.value


async def wait_other(supervisor: Supervisor, pid: int) -> int:
    """The child that replaces the child with this pid, once its death has been noticed."""
    async with asyncio.timeout(30):
        while True:
            server = await supervisor.server()
            if server.pid != pid:
                return server.pid
            await asyncio.sleep(0.01)


async def kill(supervisor: Supervisor, *, after: int = 0) -> int:
    """Kill the child, as the system does when it runs out of memory."""
    pid = await wait_other(supervisor, after)
    os.kill(pid, signal.SIGKILL)
    return pid


async def test_all_callers_get_the_same_child(tmp_path: Path) -> None:
    supervisor = supervise(tmp_path, python(SERVES))
    servers = await asyncio.gather(*(supervisor.server() for _ in range(5)))
    await supervisor.aclose()
    count = len({server.pid for server in servers})

    assert count == 1


async def test_without_the_runtime_the_extra_is_named(tmp_path: Path) -> None:
    supervisor = supervise(tmp_path, python(WITHOUT_RUNTIME))
    with pytest.raises(MissingExtra) as caught:
        await supervisor.server()
    await supervisor.aclose()
    error = caught.value

    assert "xllamacpp" in error.why
    assert error.hint.endswith("install 'pagents[local]'")


async def test_an_invalid_model_file_is_reported_with_the_log(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")

    error = await fail(tmp_path, COMMAND)

    assert "cannot be loaded" in error.message
    assert "server.log" in error.hint
    assert "file.gguf" in (tmp_path / "server.log").read_text()


@pytest.mark.parametrize("code", ["raise SystemExit(1)", "print('hello')"])
async def test_a_child_that_ends_or_prints_garbage_at_its_start_is_reported(
    tmp_path: Path, code: str
) -> None:
    error = await fail(tmp_path, python(code))

    assert "exited during startup" in error.message


async def test_a_dead_child_is_replaced_but_not_forever(tmp_path: Path) -> None:
    supervisor = supervise(tmp_path, python(SERVES))
    first = await kill(supervisor)
    second = await kill(supervisor, after=first)
    with pytest.raises(LocalModelError, match="died twice"):
        await wait_other(supervisor, second)


async def test_a_child_that_answered_may_die_any_number_of_times(tmp_path: Path) -> None:
    supervisor = supervise(tmp_path, python(SERVES))
    pids = [await kill(supervisor)]
    for _ in range(3):
        supervisor.answered()
        pids.append(await kill(supervisor, after=pids[-1]))
    await supervisor.aclose()
    count = len(set(pids))

    assert count == 4


@pytest.mark.skipif(sys.platform == "win32", reason="signal.pause is POSIX's")
async def test_a_child_that_does_not_end_is_killed(tmp_path: Path) -> None:
    supervisor = supervise(tmp_path, python(HANGS))
    server = await supervisor.server()
    await supervisor.aclose()
    pid = server.pid

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_caller_that_is_cancelled_leaves_the_start_to_the_next(tmp_path: Path) -> None:
    supervisor = supervise(tmp_path, python(SERVES))
    first = asyncio.create_task(supervisor.server())
    second = asyncio.create_task(supervisor.server())
    await asyncio.sleep(0)
    first.cancel()
    server = await second
    await supervisor.aclose()
    found = first.cancelled() and server.pid > 0

    assert found
