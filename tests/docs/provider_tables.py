"""The tables of providers in the pages, made from the presets.

`python -m tests.docs.provider_tables` writes them into the pages, between their marks.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from parallel_agents.core.tier import Tier
from parallel_agents.models.dialect import Dialect, SchemaSubset, Structured, ThinkingForm
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.providers import Provider

DOCS = Path(__file__).parents[2] / "docs"
_ANY = ""
_MARKED = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of the table -->)", re.DOTALL)
_THINKING: Mapping[ThinkingForm, str] = {
    ThinkingForm.NONE: "not asked for",
    ThinkingForm.EFFORT: "by effort",
    ThinkingForm.BUDGET: "by a budget",
    ThinkingForm.ADAPTIVE: "adaptive",
    ThinkingForm.TOGGLE: "on or off",
    ThinkingForm.ALWAYS: "always",
}
_STRUCTURED: Mapping[Structured, str] = {
    Structured.JSON_SCHEMA: "enforced",
    Structured.JSON_OBJECT: "JSON enforced",
    Structured.TOOL: "by a tool",
    Structured.PROMPT: "by prompt",
}


def addresses() -> str:
    """Where each provider is, and what it offers for each size."""
    titles = ("provider", "key", "small, medium, large", "where")
    return _table(
        titles,
        (
            (
                f"`{provider.name}`",
                f"`{provider.key_variable}`" if provider.key else "needs none",
                ", ".join(provider.tiers[tier] for tier in Tier if tier in provider.tiers),
                provider.base_url,
            )
            for provider in read_providers().values()
        ),
    )


def features() -> str:
    """What each model of the sizes takes; a provider without sizes has one row."""
    titles = (
        *("provider", "wire", "key", "model", "sizes", "schema", "schema with tools", "strict"),
        *("thinking", "temperature", "checked"),
    )
    return _table(titles, (row for each in read_providers().values() for row in _rows(each)))


def pages() -> Mapping[Path, str]:
    """The pages as they must be, with the tables between their marks."""
    tables = {"addresses": addresses, "presets": features}

    def filled(found: re.Match[str]) -> str:
        return f"{found[1]}\n{tables[found[2]]()}\n{found[3]}"

    files = (DOCS / "models.md", DOCS / "providers.md")
    return {file: _MARKED.sub(filled, file.read_text("utf-8")) for file in files}


def _rows(provider: Provider) -> Iterator[tuple[str, ...]]:
    models = dict.fromkeys(provider.tiers[tier] for tier in Tier if tier in provider.tiers)
    for model in models or [_ANY]:
        dialect = provider.endpoint(model).dialect
        sizes = [tier.value for tier in Tier if provider.tiers.get(tier) == model]
        yield (
            f"`{provider.name}`",
            f"`{provider.wire.value}`",
            f"`{provider.key_variable}`" if provider.key else "-",
            model or "any",
            ", ".join(sizes) or "-",
            _STRUCTURED[dialect.structure(has_tools=False)],
            _STRUCTURED[dialect.structure(has_tools=True)],
            _strict(dialect),
            _THINKING[dialect.thinking],
            "no" if "temperature" in dialect.omit else "yes",
            _checked(provider, model).isoformat(),
        )


def _strict(dialect: Dialect) -> str:
    """Whether `strict` is sent for a schema that allows it; a dash where the wire has no such field."""
    if dialect.structured is not Structured.JSON_SCHEMA:
        return "-"
    if dialect.schema not in {SchemaSubset.OPENAI, SchemaSubset.PLAIN}:
        return "-"
    return "yes" if dialect.strict else "no"


def _checked(provider: Provider, model: str) -> datetime.date:
    """The oldest date of the data that applies to a model."""
    return min(
        changes["checked"]
        for glob, changes in provider.known
        if fnmatchcase(model, glob) and "checked" in changes
    )


def _table(titles: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    head = list(titles)
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n".replace("|  |", "| |") for line in lines)


if __name__ == "__main__":
    for page, text in pages().items():
        page.write_text(text, "utf-8")
