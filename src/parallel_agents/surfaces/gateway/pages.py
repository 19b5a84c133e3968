"""Pages: the page that browsers open, from the files of the package; there is no list of them.

Its first module is sent with all that it imports, and its style sheet too: a browser takes longer to ask
for sixty small files than for all else that it does until a run is drawn.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from hashlib import blake2b
from http import HTTPStatus
from importlib import resources
from importlib.resources.abc import Traversable
from typing import NamedTuple

from starlette.types import Receive, Scope, Send

from parallel_agents.errors import NoSuchPath
from parallel_agents.surfaces.gateway.problems import Refusal
from parallel_agents.surfaces.gateway.replies import BY_ENCODING, has_tag, send_bytes, takes_gzip
from parallel_agents.views.exports.bundle import bundled

_FOLDER, _INDEX = "ui", "index.html"
_SCRIPT, _STYLE = "app.js", "page.css"
_PACKED_BYTES, _QUICKLY = 16_000, 1
_IMPORTED = re.compile(r"""^@import "(?P<name>[^"]+)";$""", re.M)
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".txt": "text/plain; charset=utf-8",
}
_ALONE = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>pagents</title>"
    b"<p>This is the gateway of Parallel Agents. Its API is below /api/v1; "
    b"<code>pagents docs gateway</code> describes it.</p></html>"
)


class File(NamedTuple):
    """A file of the page, and its tag."""

    body: bytes
    media_type: str
    tag: str


class Pages:
    """The files of the page, by their paths."""

    def __init__(self, folder: Traversable | None = None) -> None:
        folder = folder or _packaged()
        found = dict(files_of(folder))
        index = found.pop(f"/{_INDEX}", None) or _file(_ALONE, _TYPES[".html"])
        self._files = {**found, "/": index}
        self._packed: dict[str, bytes] = {}
        self._folder = folder
        self._unjoined = {f"/{_SCRIPT}": joined_script, f"/{_STYLE}": joined_style}

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        path = scope["path"]
        if path == "/favicon.ico" and path not in self._files:
            await send_bytes(send, b"", status=HTTPStatus.NO_CONTENT, media_type="image/x-icon")
            return
        file = self._file_of(path)
        if file is None:
            raise Refusal(NoSuchPath(f"there is no page {path[:80]!r}", hint="open /"))
        is_large = len(file.body) >= _PACKED_BYTES
        told = {"etag": file.tag, "cache-control": "no-cache"}
        headers = {**told, **BY_ENCODING} if is_large else told
        if has_tag(scope, file.tag):
            await send_bytes(send, b"", status=HTTPStatus.NOT_MODIFIED, headers=headers)
            return
        body = file.body
        if is_large and takes_gzip(scope):
            body = self._packed_of(path, file)
            headers |= {"content-encoding": "gzip"}
        await send_bytes(send, body, media_type=file.media_type, headers=headers)

    def _packed_of(self, path: str, file: File) -> bytes:
        """The file for whoever reads gzip; it is packed once."""
        if path not in self._packed:
            self._packed[path] = gzip.compress(file.body, _QUICKLY)
        return self._packed[path]

    def _file_of(self, path: str) -> File | None:
        """A file; those that are joined are so once somebody opens the page."""
        file = self._files.get(path)
        if file is not None and (join := self._unjoined.pop(path, None)):
            file = self._files[path] = _file(join(self._folder).encode(), file.media_type)
        return file


def joined_script(folder: Traversable) -> str:
    """The first module with all that it imports."""
    return bundled(folder, _SCRIPT)


def joined_style(folder: Traversable) -> str:
    """The style sheets, which the first one imports."""
    first = (folder / _STYLE).read_text("utf-8")
    return _IMPORTED.sub(lambda found: (folder / found["name"]).read_text("utf-8"), first)


def files_of(folder: Traversable, path: str = "/") -> Mapping[str, File]:
    """The files of a folder, by their paths; other kinds than pages have are left out."""
    if not folder.is_dir():
        return {}
    found: dict[str, File] = {}
    for each in folder.iterdir():
        suffix = f".{each.name.rpartition('.')[2]}"
        if each.is_dir():
            found |= files_of(each, f"{path}{each.name}/")
        elif suffix in _TYPES and not each.name.startswith("."):
            found[f"{path}{each.name}"] = _file(each.read_bytes(), _TYPES[suffix])
    return found


def _packaged() -> Traversable:
    return resources.files("parallel_agents.surfaces.gateway") / _FOLDER


def _file(body: bytes, media_type: str) -> File:
    return File(body, media_type, f'W/"{blake2b(body, digest_size=12).hexdigest()}"')
