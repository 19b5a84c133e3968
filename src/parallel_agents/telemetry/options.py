"""Options: what the standard `OTEL_` variables ask for, read once and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.web_address import BadAddress, WebAddress
from parallel_agents.errors import ConfigError
from parallel_agents.secrets.known import KNOWN

CONTENT_VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_OTLP = "OTEL_EXPORTER_OTLP_"
_TRUE = ("true", "1", "yes", "on")
# What the convention's variable may be; events are not made, so that what asks for both means spans.
_CONTENT = ("span_only", "span_and_event", *_TRUE)
_PROTOCOLS = ("http/protobuf",)
_MOST_SECONDS = 60.0
_MOST_ATTRIBUTES, _MOST_CHARACTERS = 64, 1024


class Place(NamedTuple):
    """Where one signal is sent."""

    address: WebAddress
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is exported, and to where.

    Attributes:
        traces, metrics: where spans and metrics are sent; None for nowhere.
        has_content: whether spans have what was said and done.
        interval_seconds: how often metrics are sent although nothing has happened.
        timeout_seconds: for one request.
        certificate: a file of authorities; empty for those of the process.
        resource: the attributes of this source of telemetry.
    """

    traces: Place | None = field(default=None, repr=False)
    metrics: Place | None = field(default=None, repr=False)
    is_compressed: bool = False
    has_content: bool = False
    interval_seconds: float = 60.0
    timeout_seconds: float = 10.0
    certificate: str = ""
    resource: Mapping[str, str] = field(default_factory=dict[str, str])


def read_options(variables: Mapping[str, str]) -> Options | None:
    """What the environment asks for; None if it names no endpoint, or nothing is to be exported.

    Raises:
        ConfigError: a variable cannot be understood; the error names it, and never a header's value.
    """
    given = {name: value.strip() for name, value in variables.items() if name.startswith("OTEL_")}
    if given.get("OTEL_SDK_DISABLED", "").lower() in _TRUE:
        return None
    traces, metrics = _place(given, "TRACES"), _place(given, "METRICS")
    if traces is None and metrics is None:
        return None
    return Options(
        traces=traces,
        metrics=metrics,
        is_compressed=_is_compressed(given),
        has_content=given.get(CONTENT_VARIABLE, "").lower() in _CONTENT,
        interval_seconds=_milliseconds(given, "OTEL_METRIC_EXPORT_INTERVAL", 60_000.0, math.inf),
        timeout_seconds=_milliseconds(given, f"{_OTLP}TIMEOUT", 10_000.0, _MOST_SECONDS),
        certificate=given.get(f"{_OTLP}CERTIFICATE", ""),
        resource=_resource(given),
    )


def _place(given: Mapping[str, str], signal: str) -> Place | None:
    """Where a signal is sent: its own endpoint as it is, or the common one with its path."""
    exporter = given.get(f"OTEL_{signal}_EXPORTER") or "otlp"
    if exporter != "otlp":
        return None  # `none`, or an exporter of the user's own program
    own, common = f"{_OTLP}{signal}_ENDPOINT", f"{_OTLP}ENDPOINT"
    variable = own if given.get(own) else common
    url = given.get(variable)
    if not url:
        return None
    _check_protocol(given, signal)
    if variable == common:
        url = f"{url.rstrip('/')}/v1/{signal.lower()}"
    try:
        address = WebAddress.parse(url)
    except BadAddress as error:
        raise ConfigError(
            f"{variable} is not a URL to send to",
            why=str(error),
            hint=f"write it as {common}=http://127.0.0.1:4318, or unset it",
        ) from None
    return Place(address, _headers(given, f"{_OTLP}HEADERS", f"{_OTLP}{signal}_HEADERS"))


def _check_protocol(given: Mapping[str, str], signal: str) -> None:
    own, common = f"{_OTLP}{signal}_PROTOCOL", f"{_OTLP}PROTOCOL"
    variable = own if given.get(own) else common
    protocol = given.get(variable) or _PROTOCOLS[0]
    if protocol not in _PROTOCOLS:
        raise ConfigError(
            f"{variable} is {protocol[:40]!r}",
            why=f"telemetry is sent as {_PROTOCOLS[0]}",
            hint=f"{did_you_mean(protocol, _PROTOCOLS)} Collectors take it on port 4318;"
            " or set OTEL_SDK_DISABLED=true to send nothing".lstrip(),
        )


def _headers(given: Mapping[str, str], *variables: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for variable in variables:
        for name, value in _pairs(given, variable):
            KNOWN.add(value, variable)
            headers[name.lower()] = value
    return headers


def _resource(given: Mapping[str, str]) -> dict[str, str]:
    found = {
        name: value[:_MOST_CHARACTERS] for name, value in _pairs(given, "OTEL_RESOURCE_ATTRIBUTES")
    }
    if len(found) > _MOST_ATTRIBUTES:
        raise ConfigError(
            f"OTEL_RESOURCE_ATTRIBUTES has {len(found)} attributes",
            why=f"{_MOST_ATTRIBUTES} are the most",
            hint="leave some out",
        )
    named = given.get("OTEL_SERVICE_NAME")
    return {"service.name": "pagents", **found, **({"service.name": named} if named else {})}


def _pairs(given: Mapping[str, str], variable: str) -> list[tuple[str, str]]:
    """The pairs of `name=value,name=value`, with `%20` for what the form does not have."""
    found: list[tuple[str, str]] = []
    for part in filter(str.strip, given.get(variable, "").split(",")):
        name, equals, value = (unquote(each.strip()) for each in part.partition("="))
        is_whole = equals and name and all(each.isprintable() for each in (name, value))
        if not is_whole:
            raise ConfigError(
                f"part {len(found) + 1} of {variable} cannot be read",
                why="each part is name=value, with a comma between parts and %20 for a blank",
                hint=f"correct {variable}, or unset it",
            )
        found.append((name, value))
    return found


def _is_compressed(given: Mapping[str, str]) -> bool:
    compression = given.get(f"{_OTLP}COMPRESSION") or "none"
    if compression not in ("none", "gzip"):
        raise ConfigError(
            f"{_OTLP}COMPRESSION is {compression[:40]!r}",
            why="it takes gzip and none",
            hint=f"correct it, or unset {_OTLP}COMPRESSION",
        )
    return compression == "gzip"


def _milliseconds(given: Mapping[str, str], variable: str, default: float, most: float) -> float:
    """A variable in milliseconds, as seconds."""
    text = given.get(variable)
    try:
        value = float(text) if text else default
    except ValueError:
        value = math.nan
    if not 1.0 <= value <= 1e9:
        raise ConfigError(
            f"{variable} is {(text or '')[:40]!r}",
            why="it is a number of milliseconds",
            hint=f"correct it, as in {variable}={default:.0f}, or unset it",
        )
    return min(value / 1000, most)
