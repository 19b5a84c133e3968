"""Run errors: recorded as the outcome of a run; `wait` never raises them."""

from __future__ import annotations

from parallel_agents.errors.base import PagentsError


class RunError(PagentsError):
    code = "PA-E300"


class OutputInvalid(RunError):
    code = "PA-E301"


class RunTimedOut(RunError):
    code = "PA-E302"


class TurnLimit(RunError):
    code = "PA-E303"


class CallsRepeated(RunError):
    """The model made the same calls over and over, and they brought the same."""

    code = "PA-E325"


class RunKilled(RunError):
    code = "PA-E304"


class ToolUnavailable(RunError):
    code = "PA-E305"


class Incomplete(RunError):
    code = "PA-E306"


class RunCrashed(RunError):
    code = "PA-E307"


class OverBudget(RunError):
    """A budget account could not cover the worst case of the next call.

    Attributes:
        may_answer: the account holds a reserve for one last call.
        asks: the account whose limit a person is asked to raise; empty if nobody is asked.
        cause: the limits of it that leave no room.
        account: the account without room; empty if it is not known.
    """

    code = "PA-E308"

    def __init__(
        self,
        message: str,
        *,
        why: str = "",
        hint: str = "",
        may_answer: bool = False,
        asks: str = "",
        cause: str = "",
        account: str = "",
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.account = account
        self.may_answer = may_answer
        self.cause = cause
        self.asks = asks


class PriceUnknown(RunError):
    code = "PA-E309"


class GateRefused(RunError):
    code = "PA-E310"


class GateBroken(RunError):
    code = "PA-E311"


class AgentCircuitOpen(RunError):
    code = "PA-E312"


class RevisionFailed(RunError):
    code = "PA-E313"


class ModelCrashed(RunError):
    code = "PA-E314"


class CrashLoop(RunError):
    code = "PA-E316"


class StepFailed(RunError):
    """A step of a flow did not succeed; the flow may catch it and go another way.

    Attributes:
        account: the budget account that left no room for it; empty for other reasons.
    """

    code = "PA-E321"

    def __init__(self, message: str, *, why: str = "", hint: str = "", account: str = "") -> None:
        super().__init__(message, why=why, hint=hint)
        self.account = account


class StepPartlyDone(StepFailed):
    """A step of a plan failed, although a part of it is done."""

    code = "PA-E350"


class StepUnknown(RunError):
    """A step that may take effect only once was begun, and nobody knows whether it took effect."""

    code = "PA-E322"


class FlowChanged(RunError):
    """The steps of a flow's function are not those that its earlier run has stored."""

    code = "PA-E323"


class FlowRaised(RunError):
    """The function of a flow raised an error."""

    code = "PA-E324"


class FlowTooDeep(RunError):
    """A flow called another one inside more flows than there may be, as one that calls itself does."""

    code = "PA-E348"


class AnswerMissing(RunError):
    """A batch of rows is done, and its answer has none for one of them."""

    code = "PA-E352"


class PlanImpossible(RunError):
    """The orchestrator made no plan that could work; nothing of it has run."""

    code = "PA-E340"


class PlanNotAccepted(RunError):
    """A person did not accept the plan that was made for a goal."""

    code = "PA-E341"


class McpServerFailed(RunError):
    """A server of tools cannot be started, or does not say what it offers."""

    code = "PA-E319"


class OutputUsedUp(RunError):
    """The commands of a session have written all that its limit allows."""

    code = "PA-E320"


class DraftMissing(RunError):
    """There is no draft of an agent to review."""

    code = "PA-E331"


class NotRegistered(RunError):
    """An agent is not good enough to be registered, and stays a draft."""

    code = "PA-E332"
