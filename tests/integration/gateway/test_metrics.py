"""Metrics over HTTP: what the command prints, behind the token; and streams that end with their client."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson
from prometheus_client.parser import text_string_to_metric_families

from parallel_agents.surfaces.gateway.hub import Hub

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Serving


async def test_prometheus_reads_the_metrics_with_the_token_that_only_reads(
    serving: Serving,
) -> None:
    async with serving() as served:
        read = {"Authorization": f"Bearer {served.tokens.read}"}
        async with served.http.get("/metrics", headers=read) as answer:
            kind, text = answer.headers["content-type"], await answer.text()
        async with served.http.get("/metrics", headers={"Authorization": ""}) as answer:
            refused, why = answer.status, orjson.loads(await answer.read())
        async with served.http.post("/metrics", json={}) as answer:
            changed = answer.status

    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    assert "pagents_runs_live" in {each.name for each in text_string_to_metric_families(text)}
    assert (refused, why["code"], changed) == (401, "PA-E383", 405)


async def test_a_stream_whose_client_has_left_listens_no_longer(serving: Serving) -> None:
    async with serving() as served:
        sse = {"Accept": "text/event-stream"}
        async with served.http.get("/api/v1/events?after=0", headers=sse) as answer:
            await answer.content.readline()
            await _wait_for_listeners(served.gateway.hub, 1)
        async with asyncio.timeout(10):
            await _wait_for_listeners(served.gateway.hub, 0)


async def _wait_for_listeners(hub: Hub, count: int) -> None:
    while hub.listeners != count:  # noqa: ASYNC110 - nobody announces it
        await asyncio.sleep(0.01)
