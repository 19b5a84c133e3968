"""What is sent is, byte for byte of each field, what the SDK of OpenTelemetry would send."""

from __future__ import annotations

from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans as encode_by_sdk
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from parallel_agents.telemetry.otlp import encode_spans, encode_totals
from parallel_agents.telemetry.records import Attribute, Span
from parallel_agents.telemetry.totals import FORMS, Metric, Totals

ATTRIBUTES: dict[str, Attribute] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "p",
    "gen_ai.request.model": "m",
    "gen_ai.response.finish_reasons": ("stop",),
    "gen_ai.usage.input_tokens": 7,
    "pagents.cost_usd": 0.5,
    "pagents.is_summary": True,
}
SPAN = Span(
    trace=bytes(range(16)),
    id=bytes(range(8)),
    parent=bytes(range(8, 16)),
    name="chat m",
    began_at=1.5,
    ended_at=2.75,
    is_call=True,
    error="PA-E201",
    attributes=ATTRIBUTES,
)


def test_a_span_is_encoded_as_the_sdk_encodes_it() -> None:
    def context(span: bytes) -> SpanContext:
        return SpanContext(
            int.from_bytes(SPAN.trace), int.from_bytes(span), False, TraceFlags(TraceFlags.SAMPLED)
        )

    readable = ReadableSpan(
        name=SPAN.name,
        context=context(SPAN.id),
        parent=context(SPAN.parent),
        kind=SpanKind.CLIENT,
        attributes={**ATTRIBUTES, "error.type": SPAN.error},
        status=Status(StatusCode.ERROR, SPAN.error),
        start_time=1_500_000_000,
        end_time=2_750_000_000,
    )

    ours = ExportTraceServiceRequest.FromString(encode_spans([SPAN], {}))
    (made,) = ours.resource_spans[0].scope_spans[0].spans
    (theirs,) = encode_by_sdk([readable]).resource_spans[0].scope_spans[0].spans

    for span in (made, theirs):
        span.ClearField("flags")  # the SDK says nothing of samples, but whether a parent is remote
    assert made == theirs


def test_a_histogram_is_encoded_as_the_sdk_encodes_it() -> None:
    form, reader = FORMS[Metric.CALL_SECONDS], InMemoryMetricReader()
    meter = MeterProvider([reader]).get_meter("m")
    histogram = meter.create_histogram(
        Metric.CALL_SECONDS.value,
        unit=form.unit,
        description=form.sentence,
        explicit_bucket_boundaries_advisory=list(form.bounds),
    )
    labels = {name: str(ATTRIBUTES[name]) for name in list(ATTRIBUTES)[:3]} | {
        "error.type": SPAN.error
    }
    histogram.record(1.25, labels)
    data = reader.get_metrics_data()
    assert data is not None
    totals = Totals()
    totals.add(SPAN)

    ours = ExportMetricsServiceRequest.FromString(encode_totals(totals, {}, since=1.0, now=2.0))
    made = next(
        metric
        for metric in ours.resource_metrics[0].scope_metrics[0].metrics
        if metric.name == Metric.CALL_SECONDS
    )
    (theirs,) = encode_metrics(data).resource_metrics[0].scope_metrics[0].metrics

    (point,) = theirs.histogram.data_points
    for field in ("min", "max"):
        point.ClearField(field)  # optional, and of a total they would be those of all time
    point.attributes.sort(key=lambda each: each.key)
    point.start_time_unix_nano, point.time_unix_nano = 1_000_000_000, 2_000_000_000
    assert made == theirs
