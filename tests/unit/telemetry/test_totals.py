"""Totals only grow, keep few series, and count what was paid for."""

from __future__ import annotations

from parallel_agents.telemetry.place import Place
from parallel_agents.telemetry.records import Attribute, Span
from parallel_agents.telemetry.totals import MOST_SERIES, Metric, Totals


def chat(model: str = "m", seconds: float = 1.0, **more: Attribute) -> Span:
    attributes: dict[str, Attribute] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "p",
        "gen_ai.request.model": model,
        "gen_ai.agent.name": "of no call's series",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 7,
        **{f"pagents.{name}": value for name, value in more.items()},
    }
    return Span(
        trace=b"t" * 16,
        id=b"s" * 8,
        name="chat m",
        began_at=0.0,
        ended_at=seconds,
        attributes=attributes,
    )


def sums(totals: Totals, metric: Metric) -> list[float]:
    return [each.total for each in totals.series.values() if each.metric is metric]


def test_a_call_counts_its_time_its_tokens_of_each_kind_and_its_cost() -> None:
    totals = Totals()

    totals.add(chat(seconds=1.5, cost_usd=0.25))
    totals.add(chat(seconds=0.5, cost_usd=0.25))

    assert sums(totals, Metric.CALL_SECONDS) == [2.0]
    assert sums(totals, Metric.TOKENS) == [200.0, 14.0]
    assert sums(totals, Metric.COST) == [0.5]


def test_a_bucket_has_what_is_at_most_its_bound() -> None:
    totals = Totals()

    totals.add(chat(seconds=0.01))
    totals.add(chat(seconds=1e9))

    (series,) = [each for each in totals.series.values() if each.metric is Metric.CALL_SECONDS]
    assert series.counts[0] == 1
    assert series.counts[-1] == 1
    assert sum(series.counts) == series.count


def test_guessed_tokens_stored_replies_and_simulated_money_are_not_counted() -> None:
    totals = Totals()

    totals.add(chat(is_estimated=True, simulated_cost_usd=1.0))
    totals.add(chat(cached=True))

    assert sums(totals, Metric.CALL_SECONDS) == [1.0]
    assert sums(totals, Metric.TOKENS) == []
    assert sums(totals, Metric.COST) == []


def test_models_without_end_become_one_series_for_the_rest() -> None:
    totals = Totals()

    for number in range(MOST_SERIES * 2):
        totals.add(chat(f"m{number}", is_estimated=True))

    rest = [each for each in totals.series.values() if "otel.metric.overflow" in each.attributes]
    assert len(totals.series) == MOST_SERIES + 1
    assert [each.count for each in rest] == [MOST_SERIES]


def test_totals_are_kept_with_their_place_and_a_copy_changes_nothing_of_it() -> None:
    totals = Totals()
    totals.add(chat())
    place = Place.beginning(0, 1.0).moved(5, totals)

    kept = Place.model_validate_json(place.model_dump_json())
    kept.totals.add(chat())

    assert kept == place
