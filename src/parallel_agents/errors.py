"""Errors: everything that a user can run into, in one tree, ordered by who must act.

PagentsError
 ├─ CallerError                 the caller must change something
 │   ├─ InvalidInput            PA-E101  a value does not match its schema or is out of range
 │   ├─ UnknownAgent            PA-E102
 │   ├─ InvalidFile             PA-E103  an agent, team or configuration file
 │   ├─ NotFound                PA-E104  no such session or run
 │   ├─ Ambiguous               PA-E105  several things match the name
 │   ├─ Conflict                PA-E106  the key is used for different work
 │   ├─ RunIsOver               PA-E107  a message to a run that has ended
 │   ├─ SpawnRefused            PA-E108  the tree has all the sessions that its policy allows
 │   ├─ NotYet                  PA-E109  a published name that is not implemented here
 │   ├─ ForkRefused             PA-E114  a session has no transcript to begin with
 │   └─ ConfigError             PA-E110  a setting is wrong
 │       ├─ UnknownModel        PA-E111
 │       ├─ MissingKey          PA-E112
 │       └─ MissingExtra        PA-E113  an optional part is not installed
 ├─ ProviderError               the provider must act; some of these can be retried
 │   ├─ RateLimited             PA-E201
 │   ├─ Overloaded              PA-E202
 │   ├─ AuthFailed              PA-E203
 │   ├─ ContextTooLong          PA-E204
 │   ├─ ModelRefused            PA-E205
 │   ├─ StreamCut               PA-E206
 │   ├─ MalformedReply          PA-E207
 │   ├─ Unreachable             PA-E208
 │   ├─ CallTimedOut            PA-E209
 │   ├─ RequestRejected         PA-E210
 │   ├─ OutputCut               PA-E211  the reply hit its token limit
 │   ├─ CircuitOpen             PA-E212  the model failed too often and is paused for now
 │   ├─ CertificateRefused      PA-E220  the server's certificate is not trusted here
 │   └─ ProxyRefused            PA-E221  the proxy on the way to the server refused
 ├─ RunError                    recorded as the outcome of a run; `wait` never raises it
 │   ├─ OutputInvalid           PA-E301
 │   ├─ RunTimedOut             PA-E302
 │   ├─ TurnLimit               PA-E303
 │   ├─ RunKilled               PA-E304
 │   ├─ ToolUnavailable         PA-E305
 │   ├─ Incomplete              PA-E306  not every task of a team is done
 │   ├─ RunCrashed              PA-E307  a bug in this package or in a tool ended the run
 │   ├─ OverBudget              PA-E308  the next call could cost more than the budget has left
 │   ├─ PriceUnknown            PA-E309  the budget is in dollars and the model has no known price
 │   ├─ GateRefused             PA-E310  no model of the ladder gave an answer that passed the gates
 │   ├─ GateBroken              PA-E311  a gate could not give a verdict
 │   ├─ AgentCircuitOpen        PA-E312  the agent's runs failed too often; it is paused for now
 │   └─ RevisionFailed          PA-E313  the refiner returned no better answer
 └─ HostError                   this machine or this package must be fixed
     ├─ StoreError                       the engine stops; everything already stored stays
     │   ├─ StoreUnreachable    PA-E401
     │   ├─ StoreFull           PA-E402
     │   ├─ StoreReadOnly       PA-E403
     │   └─ StoreTooNew         PA-E404
     ├─ LeftRun                          the run continues elsewhere or later, or was ended
     │   ├─ OwnershipLost       PA-E405
     │   └─ Stopping            PA-E406  this process accepts no new runs
     ├─ OutputLost              PA-E407  stdout has no reader any more, or its disk is full
     └─ LocalModelError         PA-E410  the embedded model cannot be fetched or started

`docs/errors.md` explains each code; `pagents docs E101` shows its entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, NamedTuple


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

    @property
    def docs(self) -> str:
        """The command that explains this error."""
        return where_to_look(self.code)


class CallerError(PagentsError):
    code = "PA-E100"


class InvalidInput(CallerError):
    code = "PA-E101"


class UnknownAgent(CallerError):
    code = "PA-E102"


class InvalidFile(CallerError):
    code = "PA-E103"


class NotFound(CallerError):
    code = "PA-E104"


class Ambiguous(CallerError):
    code = "PA-E105"


class Conflict(CallerError):
    code = "PA-E106"


class RunIsOver(CallerError):
    code = "PA-E107"


class SpawnBound(StrEnum):
    """A limit on what a session may spawn, by its name in a policy."""

    DEPTH = "max_depth"
    CHILDREN = "max_children"
    TOTAL = "max_total"


class SpawnLimit(NamedTuple):
    """A limit that a spawn would exceed: the current number and the maximum."""

    bound: SpawnBound
    current: int
    maximum: int


class SpawnRefused(CallerError):
    """A session is not allowed to spawn.

    Attributes:
        limit: the limit that is reached, or None if the policy does not name the agent.
    """

    code = "PA-E108"

    def __init__(
        self, message: str, *, limit: SpawnLimit | None = None, why: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.limit = limit


class ForkRefused(CallerError):
    code = "PA-E114"


class NotYet(CallerError):
    code = "PA-E109"


class ConfigError(CallerError):
    code = "PA-E110"


class UnknownModel(ConfigError):
    code = "PA-E111"


class MissingKey(ConfigError):
    code = "PA-E112"


class MissingExtra(ConfigError):
    code = "PA-E113"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """What a server said when it did not answer a call; no text holds the key.

    Attributes:
        status: the HTTP status, or the one that an error inside a reply stands for.
        code: the server's code, such as `context_length_exceeded`; empty if it gives none.
        kind: the server's type, such as `invalid_request_error`; empty if it gives none.
        param: the part of the request that it names, such as `stream_options`; empty without one.
        message: the server's sentence.
        names: every code, type and reason, in lower case.
        text: all sentences, names and quotas, in lower case: what patterns are searched in.
    """

    status: int
    code: str = ""
    kind: str = ""
    param: str = ""
    message: str = ""
    names: frozenset[str] = frozenset()
    text: str = ""


class ProviderError(PagentsError):
    """A model call failed at the provider.

    Attributes:
        retryable: whether the same request may succeed later.
        may_be_billed: whether the call may have cost something although it brought no reply.
        retry_after_seconds: the wait that the provider asks for, or None.
    """

    code = "PA-E200"
    retryable: ClassVar[bool] = False
    may_be_billed: bool = False
    rejection: Rejection | None = None

    def __init__(
        self,
        message: str,
        *,
        why: str = "",
        hint: str = "",
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class RateLimited(ProviderError):
    code = "PA-E201"
    retryable = True


class Overloaded(ProviderError):
    code = "PA-E202"
    retryable = True


class AuthFailed(ProviderError):
    code = "PA-E203"


class ContextTooLong(ProviderError):
    code = "PA-E204"


class ModelRefused(ProviderError):
    code = "PA-E205"
    may_be_billed = True


class StreamCut(ProviderError):
    code = "PA-E206"
    retryable = True
    may_be_billed = True


class MalformedReply(ProviderError):
    code = "PA-E207"
    retryable = True
    may_be_billed = True


class Unreachable(ProviderError):
    code = "PA-E208"
    retryable = True


class CallTimedOut(ProviderError):
    code = "PA-E209"
    retryable = True
    may_be_billed = True


class RequestRejected(ProviderError):
    code = "PA-E210"


class OutputCut(ProviderError):
    code = "PA-E211"
    may_be_billed = True


class CircuitOpen(ProviderError):
    code = "PA-E212"
    retryable = True


class CertificateRefused(ProviderError):
    code = "PA-E220"


class ProxyRefused(ProviderError):
    code = "PA-E221"


class RunError(PagentsError):
    code = "PA-E300"


class OutputInvalid(RunError):
    code = "PA-E301"


class RunTimedOut(RunError):
    code = "PA-E302"


class TurnLimit(RunError):
    code = "PA-E303"


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
    """

    code = "PA-E308"

    def __init__(
        self, message: str, *, why: str = "", hint: str = "", may_answer: bool = False
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.may_answer = may_answer


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


class HostError(PagentsError):
    code = "PA-E400"


class StoreError(HostError):
    code = "PA-E400"


class StoreUnreachable(StoreError):
    code = "PA-E401"


class StoreFull(StoreError):
    code = "PA-E402"


class StoreReadOnly(StoreError):
    code = "PA-E403"


class StoreTooNew(StoreError):
    code = "PA-E404"


class LeftRun(HostError):
    code = "PA-E400"


class OwnershipLost(LeftRun):
    code = "PA-E405"


class Stopping(LeftRun):
    code = "PA-E406"


class OutputLost(HostError):
    """Stdout takes no more.

    Attributes:
        is_reader_gone: the program that read it has ended, as `head` does when it has enough.
    """

    code = "PA-E407"

    def __init__(
        self, message: str, *, why: str = "", hint: str = "", is_reader_gone: bool = False
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.is_reader_gone = is_reader_gone


class LocalModelError(HostError):
    code = "PA-E410"
