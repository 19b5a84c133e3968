"""Output: whether a final answer matches its agent's schema, and what the model is told if not."""

from __future__ import annotations

from dataclasses import dataclass

from parallel_agents.core.schema import Json, JsonObject, compiled, find_json

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Accepted:
    output: Json


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why an answer is invalid; one line for each problem."""

    problems: tuple[str, ...]

    def repair_text(self) -> str:
        """What the model is told, once, to correct its answer."""
        listed = "\n".join(f"- {problem}" for problem in self.problems)
        return f"Your answer is invalid:\n{listed}\nAnswer again, with the corrected JSON only."


def check_output(text: str, schema: JsonObject | None) -> Accepted | Rejected:
    """Check a final answer against the agent's output schema; without one any text is valid."""
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
