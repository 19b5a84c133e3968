"""Cases: a file of YAML for each behaviour of a provider; README.md describes the fields."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tests.wires.formats.shape import table
from tests.wires.matching import Expectation

FOLDER = Path(__file__).parent / "cases"
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")

Wire: TypeAlias = Literal["chat", "messages", "responses", "gemini"]
Times: TypeAlias = Annotated[int, Field(ge=1)] | Literal["any"]


class Form(StrEnum):
    """How a run asks for its replies: without a listener, or streamed to one."""

    PLAIN = "plain"
    STREAM = "stream"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Exchange(_Table):
    """A request that may come, and the bytes that answer it."""

    when: Mapping[str, Any] = {}
    expect: Mapping[str, Any] = {}
    times: Times = 1

    status: int = 200
    headers: Mapping[str, str] = {}
    say: str | None = None
    calls: Sequence[Mapping[str, Mapping[str, Any]]] | None = None
    message: Any = None
    finish: str | None = None
    usage: Any = None
    indexed: bool = True
    body: Any = None
    stream: Sequence[Any] | None = None

    sends: Literal["asked", "body", "stream"] = "asked"
    end: Literal["close", "cut", "open", "keepalives", "leave", "abort"] = "close"
    framing: Literal["length", "chunked", "none"] | None = None
    split: int | None = None
    gzip: bool = False
    early: str = ""
    wait: float = 0.0
    every: float = 0.0

    @property
    def is_ordinary(self) -> bool:
        """Whether the bytes are made from `say`, `calls` or `message`."""
        return self.say is not None or self.calls is not None or self.message is not None

    def answers(self, form: Form) -> bool:
        if self.is_ordinary or self.sends != "asked" or self.status >= 300 or self.end == "abort":
            return True
        return (self.body if form is Form.PLAIN else self.stream) is not None


class Tool(_Table):
    """A tool that is declared with this schema, and returns `returns`."""

    name: str
    description: str = "A tool."
    parameters: Mapping[str, Any] = {"type": "object", "properties": {}}
    returns: str = "done"


class Agent(_Table):
    """What the agent asks of its model."""

    tools: Sequence[str | Tool] = ()
    output_schema: Any = Field(default=None, alias="schema")
    instructions: str = "Be brief."
    temperature: float | None = None
    thinking: str | None = None
    limits: Mapping[str, float] = {}
    budget: Mapping[str, float] = {}
    spawns: bool = False


class Told(_Table):
    """What a caller must be told; a field that is left out is not checked."""

    status: str = "done"
    output: Any = None
    text: Any = None
    error: Any = None
    message: Any = None
    hint: Any = None
    notices: Any = None
    usage: Mapping[str, int] | None = None
    cost: Any = None
    requests: Any = None
    calls: Sequence[Mapping[str, Any]] | None = None
    heard: str | None = None
    seconds: Any = None
    raises: str | None = None


class Step(_Table):
    """A run against one provider; what a later step leaves out is as in the first."""

    how: Literal["spawn", "send", "fork"] = "spawn"
    wire: Wire | None = None
    preset: str | None = None
    provider: Mapping[str, Any] | None = None
    model: str | None = None
    agent: Agent | None = None
    task: str = "Say hello."
    steer: str | None = None
    tool_returns: str | None = None
    rules: Sequence[str] | None = None
    exchanges: Sequence[Exchange]
    told: Told


class Case(Step):
    """A behaviour: where it was reported, what the provider does, and what a caller is told."""

    title: str
    source: Sequence[str]
    settings: Mapping[str, Any] = {}
    env: Mapping[str, str] = {}
    within: float = 60.0
    forms: Sequence[Form] | None = None
    then: Sequence[Step] = ()
    variant: str = ""
    variants: Mapping[str, Mapping[str, Any]] = {}
    fails: str | Mapping[str, str] = ""

    def runs_in(self, form: Form) -> bool:
        if self.forms is not None:
            return form in self.forms
        return all(each.answers(form) for step in (self, *self.then) for each in step.exchanges)

    def why_it_fails(self, form: Form) -> str:
        """The mark of the whole case, of one of its variants, or of one form of either."""
        if isinstance(self.fails, str):
            return self.fails
        names = (form, self.variant, f"{self.variant}-{form}")
        return next((self.fails[name] for name in names if name in self.fails), "")


class Unreadable(Exception):
    """A case file is not valid; the message names the file and the field."""


def read_cases(folder: Path = FOLDER) -> Iterator[tuple[str, Case]]:
    """Every case with its name: the file below `folder`, and the variant."""
    for path in sorted(folder.rglob("*.yaml")):
        name = path.relative_to(folder).with_suffix("").as_posix()
        yield from read_case(path, name)


def read_case(path: Path, name: str) -> Iterator[tuple[str, Case]]:
    try:
        tree = table(yaml.load(path.read_text("utf-8"), Loader=_Loader))  # a SafeLoader
        for variant, values in (table(tree.get("variants")) or {"": {}}).items():
            filled = {**table(_fill(tree, table(values))), "variant": variant}
            yield f"{name}:{variant}" if variant else name, _check(filled)
    except (yaml.YAMLError, ValidationError, ValueError, AttributeError) as error:
        raise Unreadable(f"{path}: {error}") from error


def _check(tree: Mapping[str, Any]) -> Case:
    case = Case.model_validate(tree)
    for exchange in (each for step in (case, *case.then) for each in step.exchanges):
        Expectation.read(exchange.when)
        Expectation.read(exchange.expect)
    return case


def _fill(tree: object, values: Mapping[str, Any]) -> Any:
    """The tree with `${name}` replaced; a text that is nothing else becomes the value itself."""
    if given := table(tree):
        kept = {key: value for key, value in given.items() if key != "variants"}
        return {_fill(key, values): _fill(value, values) for key, value in kept.items()}
    if isinstance(tree, list):
        return [_fill(item, values) for item in cast("list[object]", tree)]
    if not isinstance(tree, str):
        return tree
    whole = _PLACEHOLDER.fullmatch(tree)
    if whole:
        return values.get(whole[1], tree)
    return _PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), tree)


class Pause(float):
    """Seconds between two pieces of a stream."""


class _Loader(yaml.CSafeLoader):
    """Also reads `!bytes "\\xff"`, `!json '"\\ud83d"'` and, in a stream, `!wait 0.2`."""


def _read_bytes(_: yaml.CSafeLoader, node: yaml.ScalarNode) -> bytes:
    return str(node.value).encode("latin-1")


def _read_pause(_: yaml.CSafeLoader, node: yaml.ScalarNode) -> Pause:
    return Pause(node.value)


def _read_json(_: yaml.CSafeLoader, node: yaml.ScalarNode) -> object:
    return json.loads(str(node.value))


_Loader.add_constructor("!json", _read_json)
_Loader.add_constructor("!bytes", _read_bytes)
_Loader.add_constructor("!wait", _read_pause)
