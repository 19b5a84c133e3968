"""The pages agree with the code: error codes, commands, settings, presets, layers and links."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
from typer.core import TyperGroup

from parallel_agents import errors
from parallel_agents.core.schema import JsonObject
from parallel_agents.models.dialect import CHANGE_NAMES, PLAIN, Dialect
from parallel_agents.models.local.known import known_models
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.shapes import object_at
from parallel_agents.models.simulated.days import DAYS
from parallel_agents.setting_sources import PROFILES
from parallel_agents.settings import Settings
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.main import COMMANDS, build
from parallel_agents.surfaces.mcp.offers import ANNOTATIONS
from tests.docs import provider_tables

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PACKAGE = ROOT / "src" / "parallel_agents"
PAGES = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md")),
    *sorted(DOCS.rglob("*.md")),
]
_CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@cache
def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@cache
def sections(name: str, level: str = "##") -> Mapping[str, str]:
    """The text under each heading of that level, up to the next heading of the same level."""
    parts = re.split(rf"^{level} (.+)$", read(name), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(text: str) -> list[list[str]]:
    """The cells of a section's tables, without the header rows."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for n, row in enumerate(cells) if n > 1 and not set(row[0]) <= set("- ")]


_Error = TypeVar("_Error", bound=errors.PagentsError)


def error_classes(kind: type[_Error]) -> Iterator[type[_Error]]:
    yield kind
    for subclass in kind.__subclasses__():
        yield from error_classes(subclass)


# Errors


def test_every_code_of_an_error_has_its_heading() -> None:
    codes = {kind.code for kind in error_classes(errors.PagentsError)}

    headings = [name for name in sections("docs/errors.md") if name.startswith("PA-")]

    assert headings == sorted(codes)


@pytest.mark.parametrize("kind", [*error_classes(errors.PagentsError)])
def test_an_error_is_documented_under_its_code_with_a_hint_and_an_example(
    kind: type[errors.PagentsError],
) -> None:
    text = sections("docs/errors.md")[kind.code]

    assert f"`{kind.__name__}`" in text
    if not kind.code.endswith("00"):
        assert "\nHint: " in text
        shown = (f"✖ {kind.code}  ", f"  code  {kind.code};")  # of a command, or in a traceback
        assert kind.code == "PA-E104" or any(each in text for each in shown)


def test_how_often_a_failed_call_is_repeated_matches_the_errors() -> None:
    listed = {
        code: row[2:4]
        for row in rows(sections("docs/reliability.md")["Failed calls"])
        for code in re.findall(r"\[(PA-E\d+)\]", row[0])
    }
    kinds = {kind.code: kind for kind in error_classes(errors.ProviderError)}

    assert listed.keys() == kinds.keys() - {errors.ProviderError.code}
    for code, (repeated, billed) in listed.items():
        kind = kinds[code]
        is_bound = kind is not errors.ModelLoading
        assert repeated == (_repeats(kind) if is_bound else "for `patience_seconds`"), code
        assert (billed == "yes") == kind.may_be_billed, code


def _repeats(kind: type[errors.ProviderError]) -> str:
    if not kind.retryable:
        return "no"
    if kind.most_repeats is None:
        return "up to `tries`"
    return {1: "once", 2: "up to twice"}[kind.most_repeats]


# The command line


@cache
def commands() -> Mapping[str, set[str]]:
    """The options of every command by its full name, without the help options."""
    found: dict[str, set[str]] = {}
    for name in COMMANDS:
        group = build([name])
        command = group.commands[name]
        leaves = command.commands if isinstance(command, TyperGroup) else {"": command}
        for leaf, leaf_command in leaves.items():
            found[f"pagents {name} {leaf}".strip()] = options_of(leaf_command)
        own = options_of(command)
        is_both = isinstance(command, TyperGroup) and command.invoke_without_command
        listing = leaves.get("list")  # that the group alone is short for
        if is_both and (listing is None or own != options_of(listing)):
            found[f"pagents {name}"] = own
    return found


# Those that stand once on the page, for all commands that take them.
OF_MANY = frozenset(
    {
        "-h",
        "--help",
        "--profile",
        "--url",
        "-o",
        "--output",
        "-v",
        "--verbose",
        "--log-file",
        "--log-json",
    }
)


def options_of(command: Any) -> set[str]:
    """The options of a command, without those that every command has."""
    options = {
        option
        for parameter in command.params
        if parameter.param_type_name == "option" and not getattr(parameter, "hidden", False)
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    return options - OF_MANY


def documented_options(text: str) -> set[str]:
    lines = [line for line in text.splitlines() if line.startswith(("| `-", "Also: "))]
    return {
        option
        for line in lines
        for option in re.findall(r"`(--?[a-z][a-z-]*)", line.split(" | ")[0])
    }


def test_the_page_has_exactly_the_commands() -> None:
    headings = {name for name in sections("docs/cli.md") if name.startswith("pagents ")}

    assert headings == commands().keys()


@pytest.mark.parametrize("command", [*commands()])
def test_a_command_is_documented_with_exactly_its_options(command: str) -> None:
    assert documented_options(sections("docs/cli.md")[command]) == commands()[command]


def test_the_exit_codes_match_the_command_line() -> None:
    listed = {(row[0], row[1]) for row in rows(sections("docs/cli.md")["Exit codes"])}

    assert listed == {(str(code.value), code.name) for code in Exit}


def test_every_json_schema_is_listed() -> None:
    folders = ("surfaces/cli", "views/exports")
    files = (file for folder in folders for file in (PACKAGE / folder).glob("*.py"))
    code = "".join(file.read_text("utf-8") for file in files)
    made = set(re.findall(r'render\.envelope\(\s*"(\w+)"', code))
    made |= set(re.findall(r'"pagents\.(\w+)/1"', code))

    assert set(re.findall(r"pagents\.(\w+)/1", read("docs/cli.md"))) == made


# Settings and models


def test_every_setting_is_listed_with_its_default_and_its_sentence() -> None:
    listed = {
        row[0].strip("`"): (row[1], row[2])
        for row in rows(read("docs/settings.md").split("\n## ")[0])
    }

    assert listed == {
        field.name: (shown(getattr(Settings(), field.name)), field.metadata["sentence"])
        for field in fields(Settings)
    }


def shown(default: object) -> str:
    if default is None or default in ({}, ()):
        return "-"
    if isinstance(default, tuple):
        return ", ".join(map(str, cast("tuple[object, ...]", default)))
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_the_fields_of_a_provider_match_the_configuration() -> None:
    text = sections("docs/settings.md")["Your own providers and prices"]
    provider = next(iter(read_providers().values()))
    of_tables = {field.name for field in fields(provider)} - {"name", "known", "configured"}

    assert {row[0].strip("`") for row in rows(text)} == of_tables | {"models"}


def test_the_fields_of_a_dialect_match_the_configuration_with_all_their_values() -> None:
    listed = {
        name: row[2]
        for row in rows(sections("docs/models.md")["What a model takes"])
        for name in re.findall(r"`(\w+)`", row[0])
    }

    assert listed.keys() == CHANGE_NAMES
    for field in fields(Dialect):
        default = getattr(PLAIN, field.name)
        if isinstance(default, StrEnum):
            values = {value.value for value in type(default)}
            assert set(re.findall(r"`(\w+)`", listed[field.name])) >= values, field.name


def test_the_tables_of_providers_match_the_presets() -> None:
    for page, text in provider_tables.pages().items():
        assert page.read_text("utf-8") == text, "run: python -m tests.docs.provider_tables"


def test_every_preset_has_a_section_that_tells_how_to_begin() -> None:
    text = read("docs/providers.md")

    for provider in read_providers().values():
        assert f"--model {provider.name}/" in text, provider.name
        assert not provider.key or f"export {provider.key_variable}=" in text, provider.name


def test_a_model_that_the_page_of_providers_begins_with_has_a_preset() -> None:
    named = re.findall(r"--model (\S+?)/\S+", read("docs/providers.md"))

    assert set(named) == read_providers().keys()


def test_the_embedded_models_match_the_lock_file() -> None:
    listed = rows(sections("docs/models.md")["The embedded model"])

    assert [row[1:] for row in listed] == [
        [
            model.title,
            f"{model.size_bytes:,} bytes",
            model.licence,
            model.good_for,
            model.not_for,
        ]
        for model in known_models()
    ]
    assert [row[0].split(",")[0].strip("`") for row in listed] == [
        model.model_name for model in known_models()
    ]


@pytest.mark.parametrize(
    "text",
    [
        text
        for name in ("settings.md", "models.md", "providers.md", "limits.md", "quality.md")
        for text in re.findall(r"^```toml\n(.*?)^```$", (DOCS / name).read_text(), re.M | re.S)
    ],
)
def test_an_example_of_configuration_is_valid(text: str) -> None:
    table: JsonObject = tomllib.loads(text)
    providers = object_at(table, "providers")

    assert table.keys() - {PROFILES} <= {field.name for field in fields(Settings)}
    assert read_providers(providers).keys() >= providers.keys()


# The gateway


def test_the_page_names_each_path_of_the_api_as_its_description_does() -> None:
    paths = json.loads(read("docs/openapi.json"))["paths"]
    described = {path for path in paths if not path.startswith("/api/v1/client/")}

    below, beside = sections("docs/gateway.md")["The API"].split("Below no prefix", 1)
    named = {
        f"{prefix}{path}"
        for prefix, text in (("/api/v1", below), ("", beside))
        for row in rows(text)
        for path in re.findall(r"`(/[^`]*)`", row[0])
    }

    assert named == described


# MCP


def test_the_annotations_of_the_tools_match_the_server() -> None:
    listed = rows(sections("docs/mcp.md")["What a client sees"])

    assert [[row[0].strip("`"), *(cell == "yes" for cell in row[1:])] for row in listed] == [
        [
            name,
            ANNOTATIONS[name]["readOnlyHint"],
            ANNOTATIONS[name]["destructiveHint"],
            ANNOTATIONS[name]["idempotentHint"],
            ANNOTATIONS[name]["openWorldHint"],
        ]
        for name in ANNOTATIONS
    ]


@pytest.mark.parametrize("kind", ["json", "toml"])
def test_the_configuration_of_a_client_is_valid(kind: str) -> None:
    blocks = re.findall(rf"^```{kind}\n(.*?)^```$", read("docs/mcp.md"), re.M | re.S)

    assert len(blocks) == 2
    for block in blocks:
        parsed = json.loads(block) if kind == "json" else tomllib.loads(block)
        assert [*parsed.popitem()[1]] == ["parallel-agents"]


# Architecture


def layers() -> list[str]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    return next(contract["layers"] for contract in contracts if contract["type"] == "layers")


def test_the_layers_match_the_enforced_ones() -> None:
    listed = re.findall(r"^```text layers\n(.*?)^```$", read("ARCHITECTURE.md"), re.M | re.S)

    assert listed[0].splitlines() == layers()


def test_the_list_has_exactly_the_parts_of_the_package() -> None:
    parts = {
        path.name if path.is_dir() else path.stem
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path.is_dir() and any(path.glob("*.py")))
    }

    listed = rows(sections("ARCHITECTURE.md")["The parts"])

    names = {name for row in listed for name in re.findall(r"`(\w+)/?`", row[0])}
    assert names == parts


def test_the_list_of_models_has_every_module_of_that_package() -> None:
    (listed,) = re.findall(r"^```text models\n(.*?)^```$", read("ARCHITECTURE.md"), re.M | re.S)
    modules = {
        path.stem
        for path in (PACKAGE / "models").iterdir()
        if path.stem != "__init__" and (path.suffix == ".py" or any(path.glob("*.py")))
    }

    assert modules <= set(re.findall(r"\w+", listed))


# Benchmarks

_FIGURE = re.compile(r"(?<![\d.])(\d[\d.,]*) (ms|s|[kM]B|times)(?!\w)")


def _measured() -> Iterator[str]:
    """The paragraphs and items that say what was measured."""
    yield from sections("README.md")["Measured"].split("\n- ")
    for page in PAGES:
        if page.name not in ("benchmarks.md", "CHANGELOG.md", "README.md"):
            texts = page.read_text("utf-8").split("\n\n")
            yield from (text for text in texts if "](benchmarks.md)" in text)


def test_figures_are_those_of_the_benchmarks() -> None:
    rows_of_all = {cell for row in rows(read("docs/benchmarks.md")) for cell in row}
    known = {part for cell in rows_of_all for part in re.split(r", | after ", cell)}
    told = [found for text in _measured() for found in _FIGURE.findall(text)]

    assert len(told) > 8
    for figure, unit in told:
        shown = f"{figure}x" if unit == "times" else f"{figure} {unit}"
        assert shown in known or f"{shown} per call" in known, shown


# All pages


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub generates them."""
    text = _CODE.sub("", page.read_text("utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", name.lower()).replace(" ", "-") for name in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_has_a_target(page: Path) -> None:
    text = _CODE.sub("", page.read_text("utf-8"))

    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        linked = (page.parent / file).resolve() if file else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


@pytest.mark.parametrize("page", sorted((DOCS / "decisions").glob("*.md")), ids=lambda p: p.name)
def test_a_decision_is_short_and_gives_reasons(page: Path) -> None:
    text = page.read_text("utf-8")

    assert len(text.splitlines()) <= 40
    assert re.match(r"# \d{4} [A-Z]", text)
    assert "\n## Why\n" in text


def test_every_page_is_in_the_index() -> None:
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", read("docs/index.md")))

    assert {page.name for page in DOCS.glob("*.md")} - {"index.md"} <= linked


def test_the_days_of_the_simulator_match_the_code() -> None:
    listed = rows(sections("docs/testing.md")["The simulator"])

    assert [row[0].strip("`") for row in listed] == [f"sim/{name}" for name in DAYS]
