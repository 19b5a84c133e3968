"""A collector on loopback that decodes what it is sent, and answers as it is told to."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Collector:
    """What arrived, and how to answer.

    Attributes:
        metrics: the last request of metrics.
        says: what an answer says.
        dies_after: a request is taken, and its sender never hears of it.
    """

    url: str = ""
    status: int = 200
    says: bytes = b""
    hangs: bool = False
    dies_after: int | None = None
    taken: int = 0
    spans: list[Span] = field(default_factory=list[Span])
    resources: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    metrics: ExportMetricsServiceRequest = field(default_factory=ExportMetricsServiceRequest)

    @property
    def ids(self) -> Counter[bytes]:
        return Counter(span.span_id for span in self.spans)

    @property
    def counts(self) -> dict[str, int]:
        """How many of each histogram were counted in all, by the last request."""
        found: Counter[str] = Counter()
        for resource in self.metrics.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    found[metric.name] += sum(p.count for p in metric.histogram.data_points)
        return dict(found)

    def attributes(self, name: str) -> dict[str, str | int | float | tuple[str, ...]]:
        """Of the first span whose name begins so."""
        span = next(span for span in self.spans if span.name.startswith(name))
        return {each.key: _value_of(each.value) for each in span.attributes}

    async def take(self, request: web.Request) -> web.Response:
        content = await request.read()  # aiohttp has decompressed it
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        if self.hangs:
            await asyncio.Event().wait()
        if self.status == 200:
            self._keep(request.path, content)
        self.taken += 1
        if self.dies_after is not None and self.taken > self.dies_after:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=self.status, body=self.says)

    def _keep(self, path: str, content: bytes) -> None:
        if path == "/v1/metrics":
            self.metrics = ExportMetricsServiceRequest.FromString(content)
            return
        for resource in ExportTraceServiceRequest.FromString(content).resource_spans:
            found = {each.key: each.value.string_value for each in resource.resource.attributes}
            self.resources.append(found)
            for scope in resource.scope_spans:
                self.spans += scope.spans


def _value_of(value: AnyValue) -> str | int | float | tuple[str, ...]:
    kind = value.WhichOneof("value") or "string_value"
    if kind == "array_value":
        return tuple(each.string_value for each in value.array_value.values)
    return getattr(value, kind)


@asynccontextmanager
async def collecting() -> AsyncGenerator[Collector]:
    collector = Collector()
    app = web.Application(client_max_size=10_000_000)
    app.router.add_post("/v1/{signal}", collector.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    collector.url = f"http://{host}:{port}"
    try:
        yield collector
    finally:
        await runner.cleanup()
