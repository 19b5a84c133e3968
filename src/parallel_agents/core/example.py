"""Example: a task with the answer that it should get, which an agent's model is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Annotated, Any

import orjson
from typing_extensions import override

from parallel_agents.core.checked import Checked
from parallel_agents.core.converted import Converted, GivenObject, default_made
from parallel_agents.core.message import task_text
from parallel_agents.core.schema import Json, JsonObject, compiled
from parallel_agents.core.takers import JSON, Taker
from parallel_agents.errors import InvalidInput

MOST_EXAMPLES = 20
MOST_BYTES = 100_000
_INTRODUCTION = "Examples of other tasks, each with the answer that was right for it:"


def _take_answer(value: object) -> object:
    """An answer as JSON: an instance of the agent's output type as the model would write it."""
    dump: Callable[..., object] | None = getattr(value, "model_dump", None)
    if dump is not None and not isinstance(value, type):
        value = dump(mode="json")
    return orjson.loads(orjson.dumps(JSON.take(value)))


_ANSWER = Taker(frozenset(), _take_answer, JSON.takes)


@dataclass(frozen=True, slots=True)
class Example(Checked):
    """A task for an agent, and the answer that it should get.

        Example("No log-in since 9", {"kind": "bug"})

    Attributes:
        text: what to do, as in a task.
        output: the answer, as the agent's output schema asks for it, or an instance of its output
            type; text if it has neither.
        input: values that match the agent's input schema.

    Raises:
        InvalidInput: there is neither a text nor input.
    """

    text: str = ""
    # An instance of any type may be passed.
    output: Annotated[Any, _ANSWER] = None
    _: KW_ONLY
    input: Converted[JsonObject, GivenObject] = default_made(dict[str, Json])

    @override
    @classmethod
    def written(cls) -> str:
        return 'Example("a task", "its answer")'

    @override
    def _check(self) -> None:
        if not self.text.strip() and not self.input:
            raise InvalidInput(
                "an example has no task",
                why="it shows which answer is right for a task",
                hint="write its text, its input, or both",
            )


class WrongExample(ValueError):
    """An example that does not fit its agent.

    Attributes:
        position: of the example, from 0; None if it is about all of them.
        part: `input` or `output`; empty if it is about all of them.
    """

    def __init__(self, why: str, hint: str, *, position: int | None, part: str = "") -> None:
        super().__init__(why)
        self.hint = hint
        self.position = position
        self.part = part

    def of(self, agent: str) -> str:
        """What is wrong with the examples of an agent, in a few words."""
        if self.position is None:
            return f"there is too much in the examples of {agent}"
        return f"the {self.part} of example {self.position + 1} does not fit {agent}"


def check_examples(
    examples: Iterable[Example], input_schema: JsonObject | None, output_schema: JsonObject | None
) -> None:
    """Refuse examples that a task could not have, or whose answers would be rejected.

    Raises:
        WrongExample: one does not fit, or they are too many or too long.
    """
    listed = tuple(examples)
    if len(listed) > MOST_EXAMPLES:
        raise WrongExample(
            f"there are {len(listed)} of them, and each call pays for all",
            f"keep the {MOST_EXAMPLES} best",
            position=None,
        )
    size = len(orjson.dumps(listed))
    if size > MOST_BYTES:
        raise WrongExample(
            f"they have {size:,} bytes, and each call pays for all",
            f"shorten them to {MOST_BYTES:,}",
            position=None,
        )
    for position, example in enumerate(listed):
        if input_schema is not None and (
            found := compiled(input_schema).problems(dict(example.input))
        ):
            raise WrongExample(
                str(found[0]), "correct it as a task's input", position=position, part="input"
            )
        if why := _refused(example.output, output_schema):
            raise WrongExample(
                why, "write the answer that the agent is to give", position=position, part="output"
            )


def fitting(examples: Iterable[Example], input_schema: JsonObject | None) -> tuple[Example, ...]:
    """The examples whose tasks an agent with this input schema could have."""
    if input_schema is None:
        return tuple(examples)
    schema = compiled(input_schema)
    return tuple(example for example in examples if schema.fits(dict(example.input)))


def shown_examples(examples: Iterable[Example], *, is_json: bool) -> str:
    """Examples as a model reads them in its instructions; empty for none.

    Args:
        examples: what is shown.
        is_json: whether the agent answers in JSON.
    """
    shown = [
        f"<example>\n<task>\n{task_text(example.text, example.input)}\n</task>\n"
        f"<answer>\n{orjson.dumps(example.output).decode() if is_json else example.output}\n"
        "</answer>\n</example>"
        for example in examples
    ]
    return "\n".join((_INTRODUCTION, "<examples>", *shown, "</examples>")) if shown else ""


def _refused(output: Json, schema: JsonObject | None) -> str:
    """Why an answer would be rejected; empty if it would not be."""
    if schema is None:
        is_text = isinstance(output, str) and output.strip()
        return "" if is_text else "the agent answers in text, and this is not a text"
    problems = compiled(schema).problems(output)
    return str(problems[0]) if problems else ""
