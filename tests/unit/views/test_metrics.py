"""What Prometheus reads is well-formed, bounded, and what the dashboard asks for."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest
from prometheus_client.parser import text_string_to_metric_families

from parallel_agents.core.disk import Room
from parallel_agents.core.ids import OwnerId
from parallel_agents.core.notification import Unsent
from parallel_agents.core.overview import Cost
from parallel_agents.core.owner import Owner, Role
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store_care import Retention
from parallel_agents.core.stuck_rules import StuckRules
from parallel_agents.core.usage import Spend, Usage
from parallel_agents.core.vitals import Failures, LiveRuns, Vitals
from parallel_agents.views.health import Seen
from parallel_agents.views.metrics import MOST_LABELS, REST, families, metrics_text

ME = OwnerId("me")
ODD = 'a "model"\\ with\na line'


def seen(*live: LiveRuns, failures: tuple[Failures, ...] = ()) -> Seen:
    return Seen(
        vitals=Vitals(
            live=live,
            silent=(),
            gaps={},
            failures=failures,
            dead_letters=3,
            limited=(),
            accounts=(),
        ),
        questions=(),
        throttles=(),
        owners=(Owner(id=ME, host="h", pid=1, role=Role.WORKER),),
        room=Room(50, 100),
        store_bytes=7,
        free_bytes=0,
        retention=Retention(),
        stuck_rules=StuckRules(factor=10, least_seconds=60, unknown_seconds=600),
        now=1000.0,
        unsent=Unsent(0, ""),
        wall_ahead=0.25,
    )


def cost(agent: str = "a", model: str = "p/m", calls: int = 1) -> Cost:
    spend = Spend(Usage(10, 5), calls, 250_000_000)
    return Cost(
        agent=agent, serves="", model=model, ended=1, tried=1, accepted=1, spend=spend, at=0.0
    )


def values(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_text_is_what_prometheus_reads_even_with_odd_names() -> None:
    live = LiveRuns(owner=ME, status=RunStatus.RUNNING, runs=4, unclaimed_since=None)
    gone = LiveRuns(owner=OwnerId("gone"), status=RunStatus.RUNNING, runs=2, unclaimed_since=None)

    found = values(metrics_text(seen(live, gone), [cost(model=ODD)], 1))

    assert found["pagents_runs_live", frozenset({("state", "running")})] == 4
    assert found["pagents_runs_live", frozenset({("state", "stopped")})] == 2
    assert found["pagents_dead_letters", frozenset()] == 3
    assert found["pagents_cost_usd_total", frozenset({("agent", "a"), ("model", ODD)})] == 0.25
    assert found["pagents_unanswered_calls_total", frozenset()] == 1


def test_agents_and_errors_without_end_are_summed_up_in_one_label() -> None:
    costs = [cost(f"agent-{number}", calls=number) for number in range(MOST_LABELS * 2)]
    failures = tuple(
        Failures(RunStatus.FAILED, f"E{number}", 1, 0.0) for number in range(MOST_LABELS * 2)
    )

    found = values(metrics_text(seen(failures=failures), costs, 0))

    ended = {
        labels: value
        for (name, labels), value in found.items()
        if name == "pagents_runs_ended_total"
    }
    failed = {
        labels: value
        for (name, labels), value in found.items()
        if name == "pagents_failures_last_hour"
    }
    assert len(ended) == len(failed) == MOST_LABELS + 1
    assert sum(ended.values()) == sum(failed.values()) == MOST_LABELS * 2
    assert ended[frozenset({("agent", REST), ("model", REST)})] == MOST_LABELS


@pytest.mark.parametrize("word", ["run", "session", "label", "text"])
def test_no_label_names_a_run_or_a_session(word: str) -> None:
    labels = {
        name
        for family in families(seen(), [cost()], 0)
        for s in family.samples
        for name in s.labels
    }

    assert word not in labels


def test_the_dashboard_asks_only_for_metrics_and_labels_that_there_are() -> None:
    text = files("parallel_agents.views").joinpath("grafana.json").read_text("utf-8")
    names = {family.name for family in families(seen(), [cost()], 0)}

    asked = {
        name
        for panel in json.loads(text)["panels"]
        for target in panel["targets"]
        for name in re.findall(r"pagents_\w+", target["expr"])
    }

    assert asked <= names
    assert asked >= names - {
        "pagents_build_info",
        "pagents_clock_ahead_seconds",
        "pagents_disk_bytes",
        "pagents_notifications_unsent_last_hour",
        "pagents_unpriced_calls_total",
    }
    assert {panel["datasource"]["uid"] for panel in json.loads(text)["panels"]} == {"${source}"}
