"""Offers: the models that a provider lists, read from any usual form of such a list.

Formats: OpenAI's `GET /v1/models`, which most servers extend; Anthropic's, Gemini's and Cohere's,
which have pages; Ollama's `GET /api/tags`; and Together's bare list.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple

from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.usage import Price
from parallel_agents.models.shapes import ShapeError

_LISTS = ("data", "models")
_NAMES = ("id", "name", "model")
_CONTEXT = (
    "context_length",
    "context_window",
    "max_context_length",
    "max_model_len",
    "max_input_tokens",
    "inputTokenLimit",
    "n_ctx",
    "n_ctx_train",
)
_OUTPUT = ("max_completion_tokens", "max_output_tokens", "max_tokens", "outputTokenLimit")
_NESTED = ("top_provider", "limits", "meta")  # of OpenRouter, GitHub Models, llama-server
_MOST_ID_CHARACTERS = 200
_MOST_TOKENS = 10**9
_PER_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A model that a provider lists; None stands for what the provider does not say.

    Attributes:
        context_tokens: the most tokens of a request, or of a request with its reply.
        price: in USD per million tokens.
    """

    id: str
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    price: Price | None = None


class Page(NamedTuple):
    """A part of a list, and the query of the next part; without a query it is the last."""

    offers: Sequence[Offer]
    query: tuple[str, str] | None = None


def read_page(value: Json) -> Page:
    """The offers in a server's answer; an item without a name is left out.

    Raises:
        ShapeError: there is no list in it.
    """
    if isinstance(value, list):
        return Page(_read_all(value))
    if isinstance(value, dict):
        for name in _LISTS:
            items = value.get(name)
            if isinstance(items, list):
                return Page(_read_all(items), _next(value))
    raise ShapeError("the answer holds no list of models")


def closest(wanted: str, offers: Iterable[str], *, most: int = 3) -> list[str]:
    """The ids that are nearest to `wanted`: with the same name, or one that begins or reads alike."""
    ids = list(dict.fromkeys(offers))
    name = _name(wanted)
    by_name: dict[str, str] = {}
    for offered in ids:
        by_name.setdefault(_name(offered), offered)
    near = [by_name[name]] if name in by_name else []
    near += [offered for key, offered in by_name.items() if key.startswith(name)]
    near += [by_name[key] for key in get_close_matches(name, by_name, n=most, cutoff=0.6)]
    return list(dict.fromkeys(near))[:most]


def missing_model_hint(provider: str, wanted: str, offers: Iterable[str]) -> str:
    """What to do when `provider` has no model `wanted`, given the ids that it lists."""
    near = closest(wanted, offers)
    if near:
        return f"use {' or '.join(f'{provider}/{found}' for found in near)}, which it lists now"
    return f"choose another; `pagents models list --provider {provider} --remote` shows all"


def _name(model_id: str) -> str:
    """What identifies a model across providers: its id in lowercase, without its publisher."""
    return model_id.rpartition("/")[2].lower()


def _read_all(items: Sequence[Json]) -> list[Offer]:
    found = (_read(item) for item in items)
    return list({offer.id: offer for offer in found if offer is not None}.values())


def _read(item: Json) -> Offer | None:
    if isinstance(item, str):
        item = {"id": item}
    if not isinstance(item, dict):
        return None
    name = next((text for key in _NAMES if isinstance(text := item.get(key), str) and text), "")
    name = name.removeprefix("models/")
    if not name or len(name) > _MOST_ID_CHARACTERS or not name.isprintable():
        return None
    parts = [item, *(part for key in _NESTED if isinstance(part := item.get(key), dict))]
    return Offer(
        id=name,
        context_tokens=_count(parts, _CONTEXT),
        max_output_tokens=_count(parts, _OUTPUT),
        price=_price(item.get("pricing")),
    )


def _count(parts: Sequence[JsonObject], names: Sequence[str]) -> int | None:
    for part in parts:
        for name in names:
            value = part.get(name)
            if type(value) is int and 0 < value <= _MOST_TOKENS:
                return value
    return None


def _price(value: Json) -> Price | None:
    """USD a token, as OpenRouter and SambaNova write it, or per million tokens, as Together does."""
    if not isinstance(value, dict):
        return None
    for names, factor in ((("prompt", "completion"), _PER_MILLION), (("input", "output"), 1)):
        each = [_usd(value.get(name)) for name in names]
        if each[0] is not None and each[1] is not None:
            with suppress(ValueError):  # a price that is out of range is not known
                return Price(
                    input_usd=round(each[0] * factor, 6), output_usd=round(each[1] * factor, 6)
                )
    return None


def _usd(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        usd = float(value)
    except (ValueError, OverflowError):
        return None
    return usd if 0 <= usd < _PER_MILLION else None  # -1 is "it depends"


def _next(value: JsonObject) -> tuple[str, str] | None:
    last = value.get("last_id")
    if value.get("has_more") is True and isinstance(last, str) and last:
        return "after_id", last
    for name, query in (("nextPageToken", "pageToken"), ("next_page_token", "page_token")):
        token = value.get(name)
        if isinstance(token, str) and token:
            return query, token
    return None
