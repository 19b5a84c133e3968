"""The standard variables say what is exported; what cannot be understood is refused by its name."""

from __future__ import annotations

import pytest

from parallel_agents.errors import ConfigError
from parallel_agents.telemetry.options import CONTENT_VARIABLE, read_options

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
HERE = {ENDPOINT: "http://127.0.0.1:4318"}
SECRET = "Bearer a-token-of-somebody"


def test_nothing_is_exported_unless_an_endpoint_is_named() -> None:
    assert read_options({}) is None
    assert read_options({ENDPOINT: " "}) is None
    assert read_options({**HERE, "OTEL_SDK_DISABLED": "true"}) is None
    assert (
        read_options({**HERE, "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"})
        is None
    )


def test_the_common_endpoint_gets_the_path_of_each_signal_and_an_own_one_is_as_it_is() -> None:
    options = read_options(
        {
            ENDPOINT: "http://c:4318/base/",
            f"{ENDPOINT.replace('ENDPOINT', '')}METRICS_ENDPOINT": "https://m/x",
        }
    )

    assert options is not None
    assert options.traces is not None
    assert options.metrics is not None
    assert str(options.traces.address) == "http://c:4318/base/v1/traces"
    assert str(options.metrics.address) == "https://m/x"


def test_headers_and_resources_are_pairs_with_escapes() -> None:
    options = read_options(
        {
            **HERE,
            "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer%20a-token-of-somebody, x-a=1",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test,service.name=a",
            "OTEL_SERVICE_NAME": "b",
        }
    )

    assert options is not None
    assert options.traces is not None
    assert options.traces.headers == {"authorization": SECRET, "x-a": "1"}
    assert options.resource == {"service.name": "b", "deployment.environment.name": "test"}
    assert SECRET not in repr(options)


def test_content_is_off_unless_it_is_asked_for() -> None:
    plain, asked = read_options(HERE), read_options({**HERE, CONTENT_VARIABLE: "SPAN_ONLY"})

    assert plain is not None
    assert not plain.has_content
    assert asked is not None
    assert asked.has_content


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        (ENDPOINT, "collector:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip"),
        ("OTEL_EXPORTER_OTLP_HEADERS", SECRET),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=b%0d%0ax: y"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "-1"),
    ],
)
def test_what_cannot_be_understood_is_refused_by_its_name(variable: str, value: str) -> None:
    with pytest.raises(ConfigError, match=variable) as caught:
        read_options({**HERE, variable: value})

    assert SECRET not in f"{caught.value.message} {caught.value.why} {caught.value.hint}"
