"""OTLP: spans and totals as the protobuf messages of the OpenTelemetry protocol; needs the extra `otel`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from parallel_agents._version import __version__
from parallel_agents.telemetry.records import Attribute, Attributes, Span as Made
from parallel_agents.telemetry.totals import FORMS, Form, Series, Totals

_SCOPE = InstrumentationScope(name="parallel_agents", version=__version__)
_SAMPLED = 1


def encode_spans(spans: Sequence[Made], resource: Mapping[str, str]) -> bytes:
    """The request that exports spans."""
    scoped = ScopeSpans(scope=_SCOPE, spans=[_span(each) for each in spans])
    return ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=_resource(resource), scope_spans=[scoped])]
    ).SerializeToString()


def encode_totals(
    totals: Totals, resource: Mapping[str, str], *, since: float, now: float
) -> bytes:
    """The request that exports what was counted from `since` on, in seconds since the epoch."""
    metrics = [
        _metric(metric.value, FORMS[metric], found, _nanoseconds(since), _nanoseconds(now))
        for metric, found in totals.by_metric()
    ]
    scoped = ScopeMetrics(scope=_SCOPE, metrics=metrics)
    return ExportMetricsServiceRequest(
        resource_metrics=[ResourceMetrics(resource=_resource(resource), scope_metrics=[scoped])]
    ).SerializeToString()


def rejected(kind: str, content: bytes) -> str | None:
    """What a collector did not take of a request that it answered; empty if it took everything.

    Returns:
        None if the answer is not of the protocol, so that it does not say.
    """
    try:
        if kind == "traces":
            partial = ExportTraceServiceResponse.FromString(content).partial_success
            number, what, why = partial.rejected_spans, "spans", partial.error_message
        else:
            taken = ExportMetricsServiceResponse.FromString(content).partial_success
            number, what, why = taken.rejected_data_points, "points", taken.error_message
    except DecodeError:
        return None
    return f"{number} {what}: {why}" if number else ""


def _span(made: Made) -> Span:
    given = {**made.attributes, **({"error.type": made.error} if made.error else {})}
    kind = Span.SPAN_KIND_CLIENT if made.is_call else Span.SPAN_KIND_INTERNAL
    status = Status(code=Status.STATUS_CODE_ERROR, message=made.error) if made.error else None
    return Span(
        trace_id=made.trace,
        span_id=made.id,
        parent_span_id=made.parent,
        flags=_SAMPLED,
        name=made.name,
        kind=kind,
        start_time_unix_nano=_nanoseconds(made.began_at),
        end_time_unix_nano=max(_nanoseconds(made.ended_at), _nanoseconds(made.began_at)),
        attributes=_attributes(given),
        status=status,
    )


def _metric(name: str, form: Form, found: Sequence[Series], since: int, now: int) -> Metric:
    if not form.bounds:
        points = [
            NumberDataPoint(
                attributes=_attributes(each.attributes),
                start_time_unix_nano=since,
                time_unix_nano=now,
                as_double=each.total,
            )
            for each in found
        ]
        counted = Sum(
            data_points=points,
            aggregation_temporality=AGGREGATION_TEMPORALITY_CUMULATIVE,
            is_monotonic=True,
        )
        return Metric(name=name, unit=form.unit, description=form.sentence, sum=counted)
    histogram = Histogram(
        data_points=[
            HistogramDataPoint(
                attributes=_attributes(each.attributes),
                start_time_unix_nano=since,
                time_unix_nano=now,
                count=each.count,
                sum=each.total,
                bucket_counts=each.counts,
                explicit_bounds=form.bounds,
            )
            for each in found
        ],
        aggregation_temporality=AGGREGATION_TEMPORALITY_CUMULATIVE,
    )
    return Metric(name=name, unit=form.unit, description=form.sentence, histogram=histogram)


def _resource(attributes: Mapping[str, str]) -> Resource:
    return Resource(attributes=_attributes(attributes))


def _attributes(attributes: Attributes) -> list[KeyValue]:
    return [KeyValue(key=name, value=_value(value)) for name, value in attributes.items()]


def _value(value: Attribute) -> AnyValue:
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case str():
            return AnyValue(string_value=value)
        case tuple():
            return AnyValue(array_value=ArrayValue(values=[_value(each) for each in value]))


def _nanoseconds(seconds: float) -> int:
    return max(int(seconds * 1e9), 0)
