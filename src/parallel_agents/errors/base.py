"""Base: the root of all errors, and where one is explained.

`docs/errors.md` explains each code; `pagents docs E101` shows its entry.
"""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import override


def where_to_look(code: str) -> str:
    """The command that explains a code."""
    return f"pagents docs {code.removeprefix('PA-')}"


class PagentsError(Exception):
    """What happened, why, and what to do about it.

    Attributes:
        code: stable, such as `PA-E203`; its heading in `docs/errors.md`.
        message: what happened, in one line that names the value.
        why: the cause; empty if the message already says it.
        hint: what to do now, as an imperative.
    """

    code: ClassVar[str] = "PA-E000"

    def __init__(self, message: str, *, why: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.why = why
        self.hint = hint
        self._further_notes: list[str] = []

    @property
    @override
    def __notes__(self) -> list[str]:  # pyright: ignore[reportIncompatibleVariableOverride] - the hint may be found later
        """What a traceback shows below the message (PEP 678): all that the command line shows."""
        found = f"{self.code}; `{self.docs}` explains it"
        titled = (("why", self.why), ("hint", self.hint), ("code", found))
        lines = [f"  {title:<5} {text}" for title, text in titled if text]
        return ["\n".join(lines), *self._further_notes]

    @override
    def add_note(self, note: str) -> None:
        self._further_notes.append(note)

    @property
    def in_a_sentence(self) -> str:
        """What happened, why, and what to do, for whoever gets one text."""
        return "; ".join(filter(None, (self.message, self.why, self.hint)))

    @property
    def docs(self) -> str:
        """The command that explains this error."""
        return where_to_look(self.code)
