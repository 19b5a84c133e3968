"""A keeper and the processes that call it, with a server child that serves nothing."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from parallel_agents.errors import LocalModelError, ProviderError
from parallel_agents.files import write_private
from parallel_agents.models.local.keeping.keeper import Keeper
from parallel_agents.models.local.keeping.kept import (
    CAN_KEEP,
    KeptServer,
    look,
    look_at_all,
    place_of,
    unload_all,
)
from parallel_agents.models.local.keeping.socket import listening
from parallel_agents.models.local.keeping.words import KEPT, Keep, Kept, Stamp, stamp_of
from parallel_agents.models.local.launch import Launch
from parallel_agents.models.local.model import LocalModel
from parallel_agents.models.local.supervisor import Supervisor
from tests.integration.test_local_model import WORD, ask, reader
from tests.local_models import SMALL, fetched, show

pytestmark = pytest.mark.skipif(not CAN_KEEP, reason="its sockets are POSIX's")

READY = '{"base_url": "http://127.0.0.1:9/v1", "load_seconds": 0.1}'
SERVES = f"import sys; sys.stdin.readline(); print('{READY}', flush=True); sys.stdin.read()"


class Home:
    """A folder of embedded models with one file, and a keeper in this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "model.gguf"
        self.file.write_bytes(b"weights")
        self.place = place_of("local/model", folder, folder / "log")
        self.starts = 0

    def stamp(self) -> Stamp | None:
        return stamp_of(self.file, slots=1, context_tokens=512)

    async def prepare(self) -> Launch:
        self.starts += 1
        raise LocalModelError("a keeper is started")

    def launch(self) -> Launch:
        return Launch(
            file=str(self.file),
            alias="local/model",
            key="s3cret",
            slots=1,
            threads=1,
            context_tokens=512,
            repack=True,
        )

    def client(self, seconds: float = 60.0) -> KeptServer:
        return KeptServer(self.stamp, self.prepare, place=self.place, seconds=seconds)

    @asynccontextmanager
    async def kept(self, seconds: float = 60.0) -> AsyncGenerator[Keeper]:
        stamp = self.stamp()
        assert stamp is not None
        order = Keep(
            launch=self.launch(),
            stamp=stamp,
            state=str(self.place.state),
            log=str(self.place.log),
            seconds=seconds,
        )

        async def prepare() -> Launch:
            return order.launch

        command = (sys.executable, "-c", SERVES)
        supervisor = Supervisor(prepare, log=self.place.log, command=command)
        keeper = Keeper(order, supervisor)
        async with listening(keeper.serve, self.place.state) as socket:
            kept = Kept(pid=os.getpid(), socket=str(socket))
            write_private(self.place.state, KEPT.dump_json(kept))
            looking = asyncio.create_task(keeper.look_after())
            try:
                yield keeper
            finally:
                looking.cancel()
                await supervisor.aclose()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder of embedded models with a real one."""
    folder = tmp_path / "models"
    folder.mkdir()
    for file in fetched(SMALL).glob("smollm2*"):
        (folder / file.name).symlink_to(file)
    return folder


async def test_all_clients_share_one_server_and_its_slots(home: Home) -> None:
    async with home.kept():
        first, second = home.client(), home.client()
        async with first.lease(()) as lease:
            waiting = asyncio.create_task(second.lease(()).__aenter__())
            while (state := await look(home.place)) is None or state.calls < 2:  # noqa: ASYNC110
                await asyncio.sleep(0)
            is_waiting = not waiting.done()
        also = await waiting

    assert is_waiting
    assert lease.server.pid == also.server.pid
    assert lease.server.key.reveal() == "s3cret"
    assert home.starts == 0


async def test_a_call_that_fails_releases_its_slot(home: Home) -> None:
    async with home.kept():
        with pytest.raises(ProviderError):
            async with home.client().lease(()):
                raise ProviderError("the call failed")
        async with asyncio.timeout(10), home.client().lease(()):
            pass


async def test_only_its_user_can_reach_it(home: Home) -> None:
    async with home.kept():
        state = home.place.state
        folder = Path(KEPT.validate_json(state.read_bytes()).socket).parent
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, state)]
        folder.chmod(0o755)
        found = await look(home.place)

    assert modes == [0o700, 0o600]
    assert found is None


async def test_a_client_that_asks_nothing_does_not_keep_it(home: Home) -> None:
    async with asyncio.timeout(5):
        async with home.kept():
            kept = KEPT.validate_json(home.place.state.read_bytes())
            _, writer = await asyncio.open_unix_connection(kept.socket)
            assert await look(home.place) is not None
        writer.close()


async def test_it_leaves_once_nobody_has_called_for_a_while(home: Home) -> None:
    async with home.kept(seconds=0.01) as keeper, asyncio.timeout(20):
        await keeper.gone.wait()

    assert not home.place.state.exists()


@pytest.mark.parametrize("reason", ["the file was changed", "the home was removed"])
async def test_it_leaves_when_what_it_keeps_is_no_longer_wanted(home: Home, reason: str) -> None:
    async with home.kept() as keeper, asyncio.timeout(20):
        if reason == "the file was changed":
            home.file.write_bytes(b"other weights")
        else:
            home.place.state.unlink()
        await keeper.gone.wait()


async def test_a_changed_file_is_not_served_by_the_keeper_of_the_old_one(home: Home) -> None:
    async with home.kept():
        home.file.write_bytes(b"other weights")
        with pytest.raises(LocalModelError, match="a keeper is started"):
            await home.client().server()


async def test_unloading_waits_for_the_call_in_flight(home: Home) -> None:
    async with home.kept() as keeper:
        async with home.client().lease(()):
            left = await unload_all(home.folder)
            was_gone = keeper.gone.is_set()
        async with asyncio.timeout(20):
            await keeper.gone.wait()
        seen = await look_at_all(home.folder)

    assert left == {"local/model": 1}
    assert not was_gone
    assert seen == {}


@pytest.mark.local_model
@pytest.mark.timeout(600)
async def test_two_programs_share_a_model_that_survives_a_kill_of_its_keeper(
    models: Path,
) -> None:
    folder = models
    one, other = (
        LocalModel(SMALL, folder, slots=1, keep_seconds=60, progress=show, sources=())
        for _ in range(2)
    )
    servers = await asyncio.gather(one.server(), other.server())
    listener = reader()
    calling = asyncio.create_task(one.respond(ask("Count upward."), listener))
    await listener.has_begun.wait()
    (state,) = (await look_at_all(folder)).values()
    os.kill(state.pid, 9)
    with pytest.raises(ProviderError) as caught:
        await calling
    reply = await other.respond(ask("A word?", output_schema=WORD))
    left = await unload_all(folder)
    for model in (one, other):
        await model.aclose()

    assert servers[0].pid == servers[1].pid
    assert caught.value.retryable
    assert reply.usage.output_tokens > 0
    assert left == {SMALL: 0}
