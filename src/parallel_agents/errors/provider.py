"""Provider errors: the provider must act; some of these can be retried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from parallel_agents.errors.base import PagentsError


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
        most_repeats: how often one call is repeated after failures of this class; None for as often
            as its patience allows.
        may_be_billed: whether the call may have cost something although it brought no reply.
        retry_after_seconds: the wait that the provider asks for, or None.
        rejection: what the server said; None if it said nothing.
    """

    code = "PA-E200"
    retryable: ClassVar[bool] = False
    most_repeats: ClassVar[int | None] = None
    may_be_billed: bool = False

    def __init__(
        self,
        message: str,
        *,
        why: str = "",
        hint: str = "",
        retry_after_seconds: float | None = None,
        rejection: Rejection | None = None,
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.retry_after_seconds = retry_after_seconds
        self.rejection = rejection


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
    most_repeats = 2  # each costs what has come


class MalformedReply(ProviderError):
    code = "PA-E207"
    retryable = True
    most_repeats = 1  # each costs as much as a reply
    may_be_billed = True


class Unreachable(ProviderError):
    code = "PA-E208"
    retryable = True


class NothingListens(Unreachable):
    """A server of this machine is not running; it is tried again at once, and others need not wait."""

    code = "PA-E371"
    most_repeats = 2  # one that is being started again needs a moment


class CallTimedOut(ProviderError):
    code = "PA-E209"
    retryable = True
    most_repeats = 1  # each takes and costs the most that a call can
    may_be_billed = True


class RequestRejected(ProviderError):
    code = "PA-E210"


class OutputCut(ProviderError):
    code = "PA-E211"
    may_be_billed = True


class ReplyTooLarge(OutputCut):
    code = "PA-E222"


class RepeatsItself(OutputCut):
    """The model fell into a loop; another try draws other words."""

    code = "PA-E223"
    retryable = True
    most_repeats = 1  # each takes as long as a reply


class CircuitOpen(ProviderError):
    code = "PA-E212"
    retryable = True


class CreditExhausted(ProviderError):
    code = "PA-E213"


class QuotaExhausted(ProviderError):
    code = "PA-E214"


class ModelNotFound(ProviderError):
    code = "PA-E215"


class AccessDenied(ProviderError):
    code = "PA-E216"


class RegionBlocked(ProviderError):
    code = "PA-E217"


class ModelLoading(ProviderError):
    code = "PA-E218"
    retryable = True


class ModelSlipped(ProviderError):
    code = "PA-E219"
    retryable = True
    most_repeats = 2
    may_be_billed = True


class CertificateRefused(ProviderError):
    code = "PA-E220"


class ProxyRefused(ProviderError):
    code = "PA-E221"
