"""Web address: a URL of the web, read once into what is judged by permissions and then fetched.

Programs read unclear URLs in different ways, so that a check by one of them says nothing about what
another would fetch. What is not clear is refused here: a user name, a backslash, a control character.
The rest has one form: a host in lower case and ASCII, numbers as addresses, a path without dots.
Format: RFC 3986, with the hosts of https://url.spec.whatwg.org/#host-parsing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Self
from urllib.parse import quote, urljoin

from typing_extensions import override

from parallel_agents.core.cutting import head

MOST_CHARACTERS = 8000
PORTS = {"http": 80, "https": 443}

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?:#.*)?",
    re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_PORT = re.compile(r"[0-9]{1,5}")
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_SAFE_IN_PATH = "/%:@!$&'()*+,;=~"
_SAFE_IN_QUERY = f"{_SAFE_IN_PATH}?[]|^`{{}}"


class BadAddress(ValueError):
    """A text is not an address that can be fetched; the text of the error says why, for a model to read."""


@dataclass(frozen=True, slots=True)
class WebAddress:
    """What is fetched.

    Attributes:
        scheme: `http` or `https`.
        host: a name in lower case and ASCII, without a dot at its end; or an IP address, without
            brackets.
        port: the port, said or not.
        target: the path, which begins with a slash and has no dots to go up by, and the query; as
            they are sent.
    """

    scheme: str
    host: str
    port: int
    target: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address in a text.

        Raises:
            BadAddress: it is not an address, or programs could read it in different ways.
        """
        text = text.strip(" ")
        if len(text) > MOST_CHARACTERS:
            raise BadAddress(f"the URL has more than {MOST_CHARACTERS:,} characters")
        if _CONTROL.search(text):
            raise BadAddress("the URL has a control character, such as a line break or a tab")
        found = _URL.fullmatch(text)
        if found is None:
            raise BadAddress("it is not a URL: it begins with https:// or http://, and has a host")
        scheme = found["scheme"].lower()
        if scheme not in PORTS:
            raise BadAddress(f"{scheme}: is not fetched, only https: and http:")
        if "\\" in found["authority"] + found["path"]:
            raise BadAddress("the URL has a backslash")
        host, port = _host_and_port(found["authority"])
        path, query = _path(found["path"]), _escaped(found["query"] or "", _SAFE_IN_QUERY)
        return cls(scheme, host, port or PORTS[scheme], path + query)

    def join(self, location: str) -> Self:
        """The address that a page at this one names, as in a redirect.

        Raises:
            BadAddress: as for parse.
        """
        location = location.strip(" ")
        if _CONTROL.search(location) or "\\" in location.partition("?")[0]:
            raise BadAddress("the URL has a control character or a backslash")
        try:
            return self.parse(urljoin(str(self), location))
        except BadAddress:
            raise
        except ValueError as error:
            raise BadAddress(f"it is not a URL: {error}") from error

    @property
    def is_standard_port(self) -> bool:
        return PORTS[self.scheme] == self.port

    @property
    def netloc(self) -> str:
        """The host, in brackets if need be, with the port unless it is that of the scheme."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.is_standard_port else f"{host}:{self.port}"

    @override
    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.target}"


def url_matches(pattern: str, address: WebAddress) -> bool:
    """Whether a pattern means an address.

    It is `host`, `*.host` or `domain:host`, each with a port or without; or a URL with `*`, with its
    scheme or without, in which no `*` of the host reaches into the path. `domain:*.host` means `host` too, as in Claude Code.
    """
    if "://" not in pattern and "/" in pattern:
        pattern = f"*://{pattern}"
    scheme, is_url, rest = pattern.partition("://")
    if not is_url:
        host = pattern.removeprefix("domain:")
        is_apex = host != pattern and host.startswith("*.") and _host_matches(host[2:], address)
        return is_apex or _host_matches(host, address)
    authority, slash, path = rest.partition("/")
    return (
        fnmatchcase(address.scheme, scheme.lower())
        and _host_matches(authority, address, port=PORTS.get(scheme.lower()))
        and fnmatchcase(address.target, slash + path if slash else "/")
    )


def url_touches(pattern: str, address: WebAddress) -> bool:
    """Whether a pattern that restricts applies to an address, or to one below it, with any query."""
    whole = pattern.rstrip("/")
    is_url = "/" in whole.partition("://")[2] or ("://" not in whole and "/" in whole)
    path = replace(address, target=address.target.partition("?")[0])
    patterns = (pattern, f"{whole}/*") if is_url or "://" in whole else (pattern,)
    return any(url_matches(each, at) for each in patterns for at in (address, path))


def read_host(text: str) -> str:
    """The one form of a host: a name, or an IP address.

    Raises:
        BadAddress: it is neither.
    """
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    if ":" in text:
        return _version_6(text)
    name = text.lower() if text.isascii() else _in_ascii(text)
    name = name.removesuffix(".")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        return _version_4(name)
    if not _NAME.fullmatch(name):
        raise BadAddress(f"the URL has no host that there could be: {head(text, 100)!r}")
    return name


def _host_and_port(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise BadAddress("the URL has a user name or a password, which is not sent")
    host, colon, port = authority.rpartition(":")
    if not colon or "]" in port:
        return read_host(authority), None
    if not _PORT.fullmatch(port) and port:
        raise BadAddress(f"the URL has a port that is not a number: {head(port, 20)!r}")
    if port and not 1 <= int(port) <= 65_535:
        raise BadAddress(f"there is no port {int(port)}")
    return read_host(host), int(port) if port else None


def _host_matches(pattern: str, address: WebAddress, *, port: int | None = None) -> bool:
    """Whether a pattern of a host means that of an address.

    Args:
        pattern: a host in which `*` stands for anything, with a port or without.
        address: the address.
        port: the port if the pattern has none; None for any.
    """
    host, colon, said = pattern.rpartition(":")
    if colon and (said == "*" or _PORT.fullmatch(said)) and (":" not in host or "]" in host):
        port = None if said == "*" else int(said)
    else:
        host = pattern
    return fnmatchcase(address.host, _host_pattern(host)) and port in (None, address.port)


def _host_pattern(pattern: str) -> str:
    """A pattern of hosts in the one form of hosts, label by label."""
    try:
        return read_host(pattern)
    except BadAddress:
        pass
    labels = pattern.lower().removesuffix(".").strip("[]").split(".")
    return ".".join(label if label.isascii() else _label_in_ascii(label) for label in labels)


def _label_in_ascii(label: str) -> str:
    try:
        return _in_ascii(label)
    except BadAddress:
        return label


def _in_ascii(name: str) -> str:
    """A name as it is asked for in the DNS (UTS 46)."""
    import idna  # noqa: PLC0415 - few names need it, and it loads tables

    try:
        return idna.encode(name, uts46=True).decode()
    except (idna.IDNAError, UnicodeError) as error:
        raise BadAddress(f"the URL has no host that there could be: {head(name, 100)!r}") from error


def _version_4(text: str) -> str:
    """An address of version 4, even one such as 0x7f.1, in four decimal numbers."""
    bad = BadAddress(f"{head(text, 100)!r} is not an IP address")
    parts = text.split(".")
    if len(parts) > 4:
        raise bad
    numbers: list[int] = []
    for part in parts:
        if not _NUMBER.fullmatch(part) or len(part) > 16:
            raise bad
        base = 16 if part.startswith("0x") else 8 if len(part) > 1 and part[0] == "0" else 10
        try:
            numbers.append(int(part.removeprefix("0x") or "0", base))
        except ValueError:
            raise bad from None
    *first, last = numbers
    if any(number > 255 for number in first) or last >= 256 ** (5 - len(numbers)):
        raise bad
    shifted = sum(number << (24 - 8 * place) for place, number in enumerate(first))
    return str(IPv4Address(shifted + last))


def _version_6(text: str) -> str:
    """An address of version 6; one that stands for an address of version 4 becomes that."""
    try:
        address = IPv6Address(text)
    except AddressValueError:
        raise BadAddress(f"{head(text, 100)!r} is not an IP address") from None
    if address.scope_id is not None:
        raise BadAddress("the URL names an interface of this machine")
    return str(address.ipv4_mapped or address)


def _path(text: str) -> str:
    """A path as it is sent, without dots that lead up, as RFC 3986, 5.2.4, removes them."""
    kept: list[str] = []
    steps = _escaped(text, _SAFE_IN_PATH).split("/")[1:]
    for step in steps:
        if step == ".." and kept:
            kept.pop()
        elif step not in (".", ".."):
            kept.append(step)
    if steps and steps[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _escaped(text: str, safe: str) -> str:
    """A text with what a URL may not have in its escaped form, and nothing escaped without need."""
    try:
        quoted = quote(text, safe=safe, errors="surrogateescape")  # bytes of a header as they came
    except UnicodeEncodeError:
        quoted = quote(text, safe=safe, errors="replace")
    return _ESCAPE.sub(_unescaped, quoted)


def _unescaped(escape: re.Match[str]) -> str:
    character = chr(int(escape[0][1:], 16))
    return character if _UNRESERVED.fullmatch(character) else escape[0].upper()
