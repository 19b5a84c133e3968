"""Base URL: reads a server's address in any usual form, and joins it with the path of a call."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, urlsplit, urlunsplit

_LOCAL_PATH = "/v1"  # of Ollama, LM Studio, llama-server and vLLM
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")
_VERSION = re.compile(r"^v\d+[a-z0-9]*$")
# What people copy along with a base URL: the path of one call.
_CALL = re.compile(
    r"(/chat/completions|/completions|/messages|/responses|/models(/[^/]+:(generate|stream)\w+)?)$"
)
_KEY_NAMES = frozenset(
    {"key", "api_key", "api-key", "apikey", "token", "access_token", "subscription-key", "sig"}
)
# https://learn.microsoft.com/en-us/azure/ai-foundry/openai/api-version-lifecycle
_AZURE_HOSTS = (".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com")
_AZURE_PATH = "/openai/v1"


class Known(NamedTuple):
    """A base URL that is known to be right; a bare host that equals its host gets its path."""

    base_url: str
    wire: str


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def read_base_url(text: str) -> str:
    """The base URL that `text` means: without white space, final slashes and the path of a call.

    A host of this machine needs no `http://`. The query, such as Azure's `api-version`, is kept.

    Raises:
        ValueError: `text` is not the address of an HTTP server, or contains a password or a key. The
            message does not show it.
    """
    text = text.strip()
    if not _SCHEME.match(text):
        if not is_loopback(_host_of(text)):
            raise ValueError("a URL starts with https://, or with http:// on this machine")
        text = f"http://{text}"
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.hostname or re.search(r"\s", text):
        raise ValueError("this is not the URL of an HTTP server")
    if "@" in url.netloc:
        raise ValueError("a URL must not contain a user or a password")
    if any(name.lower() in _KEY_NAMES for name, _ in parse_qsl(url.query)):
        raise ValueError("a URL must not contain a key")
    _ = url.port  # raises ValueError
    return urlunsplit((url.scheme, url.netloc.lower(), _strip_call(url.path), url.query, ""))


def complete(base_url: str, wire: str, known: Iterable[Known]) -> str:
    """`base_url` with the path that its server is known to need, if it consists of a host alone.

    Args:
        base_url: as `read_base_url` returns it.
        wire: the format that the server speaks, which decides among several known paths.
        known: base URLs of that and other formats.
    """
    url = urlsplit(base_url)
    host = url.hostname or ""
    if host.endswith(_AZURE_HOSTS) and url.path in ("", "/openai", "/v1") and wire != "anthropic":
        return urlunsplit(url._replace(path=_AZURE_PATH))
    if url.path:
        return base_url
    for right in known:
        other = urlsplit(right.base_url)
        if (other.netloc, right.wire) == (url.netloc, wire):
            return urlunsplit(url._replace(path=other.path))
    is_local = is_loopback(host) and wire in ("chat", "responses")
    return urlunsplit(url._replace(path=_LOCAL_PATH)) if is_local else base_url


def join_url(base_url: str, path: str) -> str:
    """The URL of a call: `path` after the base URL's path, and its query at the end.

    What the base URL has of `path` already is not repeated. A version at the end of the base URL
    replaces the version at the start of `path`: `https://HOST/v1` and `/v1/messages` give
    `https://HOST/v1/messages`.

    Args:
        base_url: in any form that `read_base_url` takes.
        path: starts with a slash; may have a query of its own, which comes first.
    """
    url = urlsplit(read_base_url(base_url))
    path, _, query = path.partition("?")
    base, steps = url.path.split("/")[1:], path.split("/")[1:]
    if base and steps and _VERSION.match(base[-1]) and _VERSION.match(steps[0]):
        steps = steps[1:]
    overlap = next(n for n in range(len(steps), -1, -1) if base[len(base) - n :] == steps[:n])
    joined = "/".join(["", *base, *steps[overlap:]])
    query = "&".join(part for part in (query, url.query) if part)
    return urlunsplit(SplitResult(url.scheme, url.netloc, joined, query, ""))


def read_ollama_host(text: str) -> str:
    """The base URL of the Ollama server that `OLLAMA_HOST` names.

    Format: https://github.com/ollama/ollama/blob/main/envconfig/config.go, function `Host`.

    Raises:
        ValueError: as for `read_base_url`.
    """
    scheme, mark, rest = text.strip().strip("\"'").rpartition("://")
    scheme = scheme or "http"
    authority, _, path = rest.partition("/")
    host, port = _split_port(authority)
    if host in ("", "0.0.0.0", "[::]"):  # noqa: S104 - "all interfaces" is not an address to call
        host = "127.0.0.1"
    default = {"http": "80", "https": "443"}[scheme] if mark and scheme in ("http", "https") else ""
    base_url = read_base_url(f"{scheme}://{host}:{port or default or '11434'}/{path}")
    return base_url if urlsplit(base_url).path else base_url + _LOCAL_PATH


def _host_of(text: str) -> str:
    authority = re.split(r"[/?#]", text, maxsplit=1)[0]
    return _split_port(authority)[0].lower()


def _split_port(authority: str) -> tuple[str, str]:
    """The host, with the brackets of an IPv6 address, and the port or an empty string."""
    host, colon, port = authority.rpartition(":")
    return (host, port) if colon and port.isdigit() else (authority.removesuffix(":"), "")


def _strip_call(path: str) -> str:
    return _CALL.sub("", path.rstrip("/")).rstrip("/")
