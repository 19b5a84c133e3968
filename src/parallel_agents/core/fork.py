"""Fork: a conversation that is taken up at one of its turns, in a session of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from typing_extensions import override

from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.checked import Checked
from parallel_agents.core.ids import SessionKey, short
from parallel_agents.core.workspace import Workspace
from parallel_agents.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedResult:
    """A result of a call that a fork tells its model otherwise; the call itself is as it was.

    Attributes:
        call: the number of the call in its reply, from 1.
        tool: whose call it is.
        before: what the model of the other session was told; kept in the first event of the fork alone.
    """

    call: int
    tool: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class ForkedFrom:
    """Where the conversation of a session is from; it was copied, so the other one may be gone.

    Attributes:
        session: the key of the session that was forked.
        label: that of the session.
        turn: a turn of that session, counted over all of its runs.
        is_asked_again: whether the fork answers that turn itself; otherwise it begins after it.
        edited: the result of a call of that turn that is another one in the fork.
        name: what lists called it; empty in stores of earlier versions.
    """

    session: SessionKey
    label: str
    turn: int
    is_asked_again: bool = False
    edited: EditedResult | None = None
    name: str = ""

    @property
    def called(self) -> str:
        """What lists call that session, as far as is known."""
        return self.name or short(self.session)

    @property
    def brief(self) -> ForkedFrom:
        """The same without the result before, which may be large: it is read with each row."""
        edited = self.edited
        return self if edited is None else replace(self, edited=replace(edited, before=""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork(Checked):
    """How a session is forked.

    Attributes:
        at: a turn, counted over all runs of the session as `pagents history --turn` does; 0 is before
            the first. None is where the conversation ends.
        text: what is said after that turn; None has the turn itself answered anew.
        result: what a call of that turn is to have answered; without a text, the turn after it is answered anew.
        call: the number of that call in the turn, from 1; None if it has only one.
        model: `provider/model`; None for the one that answered the turn.
        key: names the fork, so that the same fork again is the same session.
        label: a short name; by default that of the session and the turn.
        budget: the most that the fork may spend; an unbound one is as much as the session's own budget.
        workspace: what the fork works in, if the session has a copy of a folder to itself.

    Raises:
        InvalidInput: `at` is negative, or there is a `call` without a `result`.
    """

    at: int | None = None
    text: str | None = None
    result: str | None = None
    call: int | None = None
    model: str | None = None
    key: str | None = None
    label: str | None = None
    budget: Budget = NO_BUDGET
    workspace: Workspace | None = None

    @classmethod
    @override
    def written(cls) -> str:
        return "Fork(at=4, text=...)"

    @override
    def _check(self) -> None:
        if self.at is not None and self.at < 0:
            raise InvalidInput(
                f"there is no turn {self.at}",
                why="turns are counted from 1, and 0 is before the first",
                hint="leave `at` out for the last turn",
            )
        if self.call is not None and self.call < 1:
            raise InvalidInput(f"there is no call {self.call}", why="calls are counted from 1")
        if self.call is not None and self.result is None:
            raise InvalidInput("a call is named without its other result", hint="give a `result`")


NO_FORK = Fork()
