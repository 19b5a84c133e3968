"""Caller errors: the caller must change something."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from parallel_agents.errors.base import PagentsError


class CallerError(PagentsError):
    code = "PA-E100"


class InvalidInput(CallerError):
    code = "PA-E101"


class NotText(InvalidInput):
    """What is to be a text is not UTF-8: an image, other binary data, or another encoding."""

    code = "PA-E376"


class AsyncMisused(InvalidInput, TypeError, AttributeError):
    """What belongs to async code is used without its `await`, `async with` or `async for`."""

    code = "PA-E347"


class TooMuchGiven(InvalidInput):
    """The files that a command is given are too many, or too large for a task."""

    code = "PA-E377"


class NothingOnStdin(InvalidInput):
    """A text is to come from stdin, and stdin is empty or was read before."""

    code = "PA-E378"


class BatchRefused(CallerError):
    """An agent cannot be asked for several rows in one call, or the rows are not a batch."""

    code = "PA-E351"


class PlanUnconfirmed(CallerError):
    """A plan for a goal waits for a person's yes, and nobody can say it here."""

    code = "PA-E342"


class UnknownAgent(CallerError):
    code = "PA-E102"


class InvalidFile(CallerError):
    """The file of an agent or a team, or a configuration file, is not valid.

    Attributes:
        line: the line of the file; 0 if it is about the file as a whole.
        others: what else is wrong with the file, in the order of its lines.
    """

    code = "PA-E103"

    def __init__(self, message: str, *, why: str = "", hint: str = "", line: int = 0) -> None:
        super().__init__(message, why=why, hint=hint)
        self.line = line
        self.others: tuple[InvalidFile, ...] = ()


class NotFound(CallerError):
    code = "PA-E104"


class Ambiguous(CallerError):
    code = "PA-E105"


class Conflict(CallerError):
    code = "PA-E106"


class EditedByHand(Conflict):
    """A file or an entry of the skill was changed since it was installed, or is not ours."""

    code = "PA-E380"


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


class AlreadyAnswered(CallerError):
    code = "PA-E118"


class CannotContinue(CallerError):
    code = "PA-E117"


class HealthFileTaken(CallerError):
    """Another worker that stays keeps the health file."""

    code = "PA-E381"


class NotAuthorized(CallerError):
    """A request has no token, or a wrong one."""

    code = "PA-E383"


class OnlyReads(CallerError):
    """A request would change something, and its token or the gateway only reads."""

    code = "PA-E384"


class ForeignRequest(CallerError):
    """A request names another host, or comes from another web page."""

    code = "PA-E385"


class BadRequest(CallerError):
    """A request cannot be read: its form, its type or its size."""

    code = "PA-E386"


class TooManyRequests(CallerError):
    """Too much came at once: wrong tokens, or connections."""

    code = "PA-E387"


class NoSuchPath(NotFound):
    """The API has no such path, or the path no such method."""

    code = "PA-E388"


class NotAtDistance(CallerError):
    """What is asked for needs this machine's own home, and a distant gateway was named."""

    code = "PA-E394"


class NotOffered(CallerError):
    """A client asks for a part of its protocol that the gateway does not have."""

    code = "PA-E326"


class SameRun(CallerError):
    """A run is to be compared with itself."""

    code = "PA-E327"


class NotComparable(CallerError):
    """Two runs are to be compared that are of different kinds, or of which one cannot be read."""

    code = "PA-E328"


class PruneRefused(CallerError):
    """What is to be removed from the store has to stay."""

    code = "PA-E390"


class StoreInUse(CallerError):
    """Runs are being executed, and would have to wait."""

    code = "PA-E393"


class NoOutput(CallerError):
    """The output of a result was read that has none of its agent's output type."""

    code = "PA-E139"


class WorkspaceError(CallerError):
    code = "PA-E121"


class GitFailed(WorkspaceError):
    code = "PA-E122"


class ConfigError(CallerError):
    code = "PA-E110"


class UnknownModel(ConfigError):
    code = "PA-E111"


class MissingKey(ConfigError):
    code = "PA-E112"


class SecretUnavailable(ConfigError):
    """A secret cannot be looked up by its reference."""

    code = "PA-E135"


class ProfileRefused(CallerError):
    """A session may not have the profile that it names."""

    code = "PA-E136"


class SecretInContent(CallerError):
    """The content of an artifact contains a secret; it was not stored."""

    code = "PA-E137"


class SecretInSetting(ConfigError):
    """A value for the configuration is a secret itself; it was not written."""

    code = "PA-E367"


class ClientConfigBroken(ConfigError):
    """The configuration of a program that the skill is installed for cannot be read or changed."""

    code = "PA-E379"


class MissingExtra(ConfigError):
    code = "PA-E113"


class BadGateway(ConfigError):
    """The address of a gateway or its token cannot be used: it is no URL, unencrypted, or there is no token."""

    code = "PA-E397"


class ExposedAddress(ConfigError):
    """A server would be reached from other machines, with nothing in front of it that encrypts."""

    code = "PA-E382"


class CannotSee(ConfigError):
    code = "PA-E128"


class Untrusted(ConfigError):
    code = "PA-E115"
