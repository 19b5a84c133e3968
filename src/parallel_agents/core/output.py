"""Output: whether a final answer fits what the agent promised, and what to say when it does not."""

from __future__ import annotations

from dataclasses import dataclass

from parallel_agents.core.schema import Json, JsonObject, compiled, find_json

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Accepted:
    output: Json


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why an answer does not fit, a line each."""

    problems: tuple[str, ...]

    def repair_words(self) -> str:
        """What the model is told, once, to hint its answer."""
        listed = "\n".join(f"- {problem}" for problem in self.problems)
        return f"Your answer does not fit:\n{listed}\nAnswer again, with the corrected JSON only."


def check_output(text: str, schema: JsonObject | None) -> Accepted | Rejected:
    """Hold a final answer against the agent's output schema; without one any text will do."""
    if not text.strip():
        return Rejected(("the answer is empty",))
    if schema is None:
        return Accepted(text)
    fits = compiled(schema)
    try:
        value = find_json(text, fits)
    except ValueError:
        shown = text.strip()[:_SHOWN]
        return Rejected((f"there is no JSON in it; it begins with {shown!r}",))
    problems = fits.problems(value)
    return Rejected(tuple(str(problem) for problem in problems)) if problems else Accepted(value)
