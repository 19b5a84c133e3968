"""Host errors: this machine or this package must be fixed."""

from __future__ import annotations

from parallel_agents.errors.base import PagentsError


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


class StoreDamaged(HostError):
    """A record of the store cannot be read; the others can."""

    code = "PA-E408"


class StoreReplaced(StoreError):
    code = "PA-E409"


class WriterEnded(StoreError):
    code = "PA-E411"


class LeftRun(HostError):
    code = "PA-E400"


class OwnershipLost(LeftRun):
    code = "PA-E405"


class Stopping(LeftRun):
    code = "PA-E406"


class OutputLost(HostError):
    """Stdout no longer accepts output.

    Attributes:
        is_reader_gone: the program that read it has ended, as `head` does when it has enough.
    """

    code = "PA-E407"

    def __init__(
        self, message: str, *, why: str = "", hint: str = "", is_reader_gone: bool = False
    ) -> None:
        super().__init__(message, why=why, hint=hint)
        self.is_reader_gone = is_reader_gone


class BackupFailed(HostError):
    """A copy of the store could not be made, or is not like the store."""

    code = "PA-E391"


class NoRoom(HostError):
    """The disk has too little room for what was asked for."""

    code = "PA-E392"


class SearchFailed(HostError):
    """The index of transcripts cannot be made, written or read."""

    code = "PA-E398"


class LocalModelError(HostError):
    code = "PA-E410"


class SandboxMissing(HostError):
    """A command must run in a sandbox, and none works on this machine."""

    code = "PA-E412"


class SandboxRefused(HostError):
    """A folder cannot be given to a sandbox."""

    code = "PA-E413"


class LimitUnenforced(HostError):
    """Nothing on this machine can hold the commands of a session to one of its limits."""

    code = "PA-E414"


class ArtifactError(HostError):
    code = "PA-E420"


class GatewayFault(HostError):
    """A bug in this package kept the gateway from answering a request."""

    code = "PA-E389"


class GatewayUnreachable(HostError):
    """A distant gateway cannot be reached, or the connection to it broke.

    Attributes:
        was_sent: whether the request may have arrived there.
    """

    code = "PA-E395"
    was_sent = True


class GatewayMismatch(HostError):
    """What answers is not a gateway, or is one of a version that this client cannot talk to."""

    code = "PA-E396"
