"""Pages: the page that browsers open, from the files of the package; there is no list of them."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from http import HTTPStatus
from importlib import resources
from importlib.resources.abc import Traversable
from typing import NamedTuple

from starlette.types import Receive, Scope, Send

from parallel_agents.errors import NoSuchPath
from parallel_agents.surfaces.gateway.problems import Refusal
from parallel_agents.surfaces.gateway.replies import has_tag, send_bytes

_FOLDER, _INDEX = "ui", "index.html"
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

    def __init__(self, files: Mapping[str, File] | None = None) -> None:
        found = dict(files_of(_packaged()) if files is None else files)
        index = found.pop(f"/{_INDEX}", None) or _file(_ALONE, _TYPES[".html"])
        self._files = {**found, "/": index}

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        path = scope["path"]
        if path == "/favicon.ico" and path not in self._files:
            await send_bytes(send, b"", status=HTTPStatus.NO_CONTENT, media_type="image/x-icon")
            return
        file = self._files.get(path)
        if file is None:
            raise Refusal(NoSuchPath(f"there is no page {path[:80]!r}", hint="open /"))
        headers = {"etag": file.tag, "cache-control": "no-cache"}
        if has_tag(scope, file.tag):
            await send_bytes(send, b"", status=HTTPStatus.NOT_MODIFIED, headers=headers)
            return
        await send_bytes(send, file.body, media_type=file.media_type, headers=headers)


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
    return File(body, media_type, f'"{blake2b(body, digest_size=12).hexdigest()}"')
