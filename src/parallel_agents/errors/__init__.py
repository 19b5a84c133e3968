"""Errors: everything that a user can run into, in one tree, ordered by who must act.

PagentsError
 ├─ CallerError                 the caller must change something
 │   ├─ InvalidInput            PA-E101  a value does not match its schema or is out of range
 │   │   ├─ NotText             PA-E376  what is to be a text is not UTF-8
 │   │   ├─ AsyncMisused        PA-E347  an await, async with or async for is missing
 │   │   ├─ TooMuchGiven        PA-E377  the files that are given are too many or too large
 │   │   └─ NothingOnStdin      PA-E378  stdin is empty, or was read before
 │   ├─ UnknownAgent            PA-E102
 │   ├─ InvalidFile             PA-E103  an agent, team or configuration file
 │   ├─ NotFound                PA-E104  no such session or run
 │   │   └─ NoSuchPath          PA-E388  the gateway has no such path or method
 │   ├─ Ambiguous               PA-E105  several things match the name
 │   ├─ Conflict                PA-E106  the key is used for different work
 │   │   └─ EditedByHand        PA-E380  what the skill's installation wrote was changed since
 │   ├─ RunIsOver               PA-E107  a message to a run that has ended
 │   ├─ SpawnRefused            PA-E108  the tree has all the sessions that its policy allows
 │   ├─ BatchRefused            PA-E351  an agent cannot be asked for several rows in one call
 │   ├─ PlanUnconfirmed         PA-E342  a plan waits for a yes that nobody can say here
 │   ├─ ForkRefused             PA-E114  a session has no transcript to begin with
 │   ├─ CannotContinue          PA-E117  this process lacks what a run needs that another one began
 │   ├─ WorkspaceError          PA-E121  a workspace cannot be made, or cannot be merged back
 │   │   └─ GitFailed           PA-E122  git cannot do what a workspace needs of it
 │   ├─ AlreadyAnswered         PA-E118  somebody else answered a run's question first
 │   ├─ HealthFileTaken         PA-E381  another worker keeps the health file
 │   ├─ NotAuthorized           PA-E383  a request to the gateway has no token, or a wrong one
 │   ├─ OnlyReads               PA-E384  a request would change something, and its token only reads
 │   ├─ ForeignRequest          PA-E385  a request names another host, or comes from another web page
 │   ├─ BadRequest              PA-E386  a request cannot be read: its form, its type or its size
 │   ├─ TooManyRequests         PA-E387  too many wrong tokens or connections at once
 │   ├─ NotOffered              PA-E326  a client asks for a part of its protocol that is not here
 │   ├─ SameRun                 PA-E327  a run is to be compared with itself
 │   ├─ NotComparable           PA-E328  two runs are of different kinds, or cannot be read
 │   ├─ PruneRefused            PA-E390  what is to be removed from the store has to stay
 │   ├─ StoreInUse              PA-E393  runs are being executed, and would have to wait
 │   ├─ NotAtDistance           PA-E394  what is asked for cannot be done over --url
 │   ├─ NoOutput                PA-E139  a result has no answer of its agent's output type
 │   ├─ ProfileRefused          PA-E136  a session may not have the profile that it names
 │   ├─ SecretInContent         PA-E137  the content of an artifact contains a secret
 │   └─ ConfigError             PA-E110  a setting is wrong
 │       ├─ UnknownModel        PA-E111
 │       ├─ MissingKey          PA-E112
 │       ├─ SecretUnavailable   PA-E135  a secret cannot be looked up by its reference
 │       ├─ SecretInSetting     PA-E367  a value for the configuration is a secret itself
 │       ├─ ClientConfigBroken  PA-E379  the configuration of a program that the skill is installed for
 │       ├─ ExposedAddress      PA-E382  a server would be reached from other machines, unencrypted
 │       ├─ BadGateway          PA-E397  the address or the token of a gateway cannot be used
 │       ├─ MissingExtra        PA-E113  an optional part is not installed
 │       ├─ CannotSee           PA-E128  a file that the model cannot be shown
 │       └─ Untrusted           PA-E115  a project's folder that the user has not trusted as it is
 ├─ ProviderError               the provider must act; some of these can be retried
 │   ├─ RateLimited             PA-E201
 │   ├─ Overloaded              PA-E202
 │   ├─ AuthFailed              PA-E203
 │   ├─ ContextTooLong          PA-E204
 │   ├─ ModelRefused            PA-E205
 │   ├─ StreamCut               PA-E206
 │   ├─ MalformedReply          PA-E207
 │   ├─ Unreachable             PA-E208
 │   │   └─ NothingListens      PA-E371  no process of this machine has the server's port
 │   ├─ CallTimedOut            PA-E209
 │   ├─ RequestRejected         PA-E210
 │   ├─ OutputCut               PA-E211  the reply hit its token limit
 │   │   ├─ ReplyTooLarge       PA-E222  the reply is larger than any that a model writes
 │   │   └─ RepeatsItself       PA-E223  the model wrote the same over and over
 │   ├─ CircuitOpen             PA-E212  the model failed too often and is paused for now
 │   ├─ CreditExhausted         PA-E213  the account has no credit
 │   ├─ QuotaExhausted          PA-E214  a quota of the account is used up for hours or days
 │   ├─ ModelNotFound           PA-E215  the provider has no such model, or no longer
 │   ├─ AccessDenied            PA-E216  the key is known and may not do this
 │   ├─ RegionBlocked           PA-E217  the provider does not serve this country or region
 │   ├─ ModelLoading            PA-E218  the server is still loading the model
 │   ├─ ModelSlipped            PA-E219  the model wrote something that its server cannot read
 │   ├─ CertificateRefused      PA-E220  the server's certificate is not trusted here
 │   └─ ProxyRefused            PA-E221  the proxy on the way to the server refused
 ├─ RunError                    recorded as the outcome of a run; `wait` never raises it
 │   ├─ OutputInvalid           PA-E301
 │   ├─ RunTimedOut             PA-E302
 │   ├─ TurnLimit               PA-E303
 │   ├─ CallsRepeated           PA-E325  the model made the same calls over and over
 │   ├─ RunKilled               PA-E304
 │   ├─ ToolUnavailable         PA-E305
 │   ├─ Incomplete              PA-E306  not every task of a team is done
 │   ├─ RunCrashed              PA-E307  a bug in this package or in a tool ended the run
 │   ├─ OverBudget              PA-E308  the next call could cost more than the budget has left
 │   ├─ PriceUnknown            PA-E309  the budget is in dollars and the model has no known price
 │   ├─ GateRefused             PA-E310  no model of the ladder gave an answer that passed the gates
 │   ├─ GateBroken              PA-E311  a gate could not give a verdict
 │   ├─ AgentCircuitOpen        PA-E312  the agent's runs failed too often; it is paused for now
 │   ├─ RevisionFailed          PA-E313  the refiner returned no better answer
 │   ├─ ModelCrashed            PA-E314  a model that the program passed in did not work
 │   ├─ McpServerFailed         PA-E319  an MCP server cannot be started, or lists no tools
 │   ├─ OutputUsedUp            PA-E320  the commands of a session wrote all that they may
 │   ├─ StepFailed              PA-E321  a step of a flow did not succeed
 │   │   └─ StepPartlyDone      PA-E350  a step of a plan failed, and a part of it is done
 │   ├─ FlowTooDeep             PA-E348  a flow is inside too many others
 │   ├─ StepUnknown             PA-E322  nobody knows whether a step of a flow took effect
 │   ├─ FlowChanged             PA-E323  a flow's function has other steps than those stored
 │   ├─ FlowRaised              PA-E324  a flow's function raised an error
 │   ├─ DraftMissing            PA-E331  there is no draft of an agent to review
 │   ├─ NotRegistered           PA-E332  an agent is not good enough, and stays a draft
 │   ├─ AnswerMissing           PA-E352  a batch is done without an answer for one of its rows
 │   ├─ PlanImpossible          PA-E340  no plan for a goal that could work
 │   ├─ PlanNotAccepted         PA-E341  a person did not accept the plan for a goal
 │   └─ CrashLoop               PA-E316  processes kept dying while they executed the run
 └─ HostError                   this machine or this package must be fixed
     ├─ StoreError                       the engine stops; everything already stored stays
     │   ├─ StoreUnreachable    PA-E401
     │   ├─ StoreFull           PA-E402
     │   ├─ StoreReadOnly       PA-E403
     │   ├─ StoreTooNew         PA-E404
     │   ├─ StoreReplaced       PA-E409  the store's file was deleted or replaced while it was open
     │   └─ WriterEnded         PA-E411  the thread that writes to the store has ended
     ├─ StoreDamaged            PA-E408  a record of the store cannot be read; all others can
     ├─ LeftRun                          the run continues elsewhere or later, or was ended
     │   ├─ OwnershipLost       PA-E405
     │   └─ Stopping            PA-E406  this process accepts no new runs
     ├─ OutputLost              PA-E407  stdout has no reader any more, or its disk is full
     ├─ SandboxMissing          PA-E412  a command must run in a sandbox, and none works here
     ├─ SandboxRefused          PA-E413  a folder cannot be given to a sandbox
     ├─ LimitUnenforced         PA-E414  nothing here can hold commands to a limit of their session
     ├─ BackupFailed            PA-E391  a copy of the store could not be made, or is not like it
     ├─ NoRoom                  PA-E392  the disk has too little room for what was asked for
     ├─ SearchFailed            PA-E398  the index of transcripts cannot be made, written or read
     ├─ ArtifactError           PA-E420  the content of an artifact is gone or damaged
     ├─ GatewayFault            PA-E389  a bug in this package kept the gateway from answering
     ├─ GatewayUnreachable      PA-E395  a distant gateway cannot be reached
     ├─ GatewayMismatch         PA-E396  what answers is no gateway, or one of another version
     └─ LocalModelError         PA-E410  the embedded model cannot be fetched or started
"""

from __future__ import annotations

from parallel_agents.errors.base import PagentsError as PagentsError
from parallel_agents.errors.caller import (
    AlreadyAnswered,
    Ambiguous,
    AsyncMisused,
    BadGateway,
    BadRequest,
    BatchRefused,
    CallerError,
    CannotContinue,
    CannotSee,
    ClientConfigBroken,
    ConfigError,
    Conflict,
    EditedByHand,
    ExposedAddress,
    ForeignRequest,
    ForkRefused,
    GitFailed,
    HealthFileTaken,
    InvalidFile,
    InvalidInput,
    MissingExtra,
    MissingKey,
    NoOutput,
    NoSuchPath,
    NotAtDistance,
    NotAuthorized,
    NotComparable,
    NotFound,
    NothingOnStdin,
    NotOffered,
    NotText,
    OnlyReads,
    PlanUnconfirmed,
    ProfileRefused,
    PruneRefused,
    RunIsOver,
    SameRun,
    SecretInContent,
    SecretInSetting,
    SecretUnavailable,
    SpawnRefused,
    StoreInUse,
    TooManyRequests,
    TooMuchGiven,
    UnknownAgent,
    UnknownModel,
    Untrusted,
    WorkspaceError,
)
from parallel_agents.errors.host import (
    ArtifactError,
    BackupFailed,
    GatewayFault,
    GatewayMismatch,
    GatewayUnreachable,
    HostError,
    LeftRun,
    LimitUnenforced,
    LocalModelError,
    NoRoom,
    OutputLost,
    OwnershipLost,
    SandboxMissing,
    SandboxRefused,
    SearchFailed,
    Stopping,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreReplaced,
    StoreTooNew,
    StoreUnreachable,
    WriterEnded,
)
from parallel_agents.errors.provider import (
    AccessDenied,
    AuthFailed,
    CallTimedOut,
    CertificateRefused,
    CircuitOpen,
    ContextTooLong,
    CreditExhausted,
    MalformedReply,
    ModelLoading,
    ModelNotFound,
    ModelRefused,
    ModelSlipped,
    NothingListens,
    OutputCut,
    Overloaded,
    ProviderError,
    ProxyRefused,
    QuotaExhausted,
    RateLimited,
    RegionBlocked,
    RepeatsItself,
    ReplyTooLarge,
    RequestRejected,
    StreamCut,
    Unreachable,
)
from parallel_agents.errors.run import (
    AgentCircuitOpen,
    AnswerMissing,
    CallsRepeated,
    CrashLoop,
    DraftMissing,
    FlowChanged,
    FlowRaised,
    FlowTooDeep,
    GateBroken,
    GateRefused,
    Incomplete,
    McpServerFailed,
    ModelCrashed,
    NotRegistered,
    OutputInvalid,
    OutputUsedUp,
    OverBudget,
    PlanImpossible,
    PlanNotAccepted,
    PriceUnknown,
    RevisionFailed,
    RunCrashed,
    RunError,
    RunKilled,
    RunTimedOut,
    StepFailed,
    StepPartlyDone,
    StepUnknown,
    ToolUnavailable,
    TurnLimit,
)

__all__ = [
    "AccessDenied",
    "AgentCircuitOpen",
    "AlreadyAnswered",
    "Ambiguous",
    "AnswerMissing",
    "ArtifactError",
    "AsyncMisused",
    "AuthFailed",
    "BackupFailed",
    "BadGateway",
    "BadRequest",
    "BatchRefused",
    "CallTimedOut",
    "CallerError",
    "CallsRepeated",
    "CannotContinue",
    "CannotSee",
    "CertificateRefused",
    "CircuitOpen",
    "ClientConfigBroken",
    "ConfigError",
    "Conflict",
    "ContextTooLong",
    "CrashLoop",
    "CreditExhausted",
    "DraftMissing",
    "EditedByHand",
    "ExposedAddress",
    "FlowChanged",
    "FlowRaised",
    "FlowTooDeep",
    "ForeignRequest",
    "ForkRefused",
    "GateBroken",
    "GateRefused",
    "GatewayFault",
    "GatewayMismatch",
    "GatewayUnreachable",
    "GitFailed",
    "HealthFileTaken",
    "HostError",
    "Incomplete",
    "InvalidFile",
    "InvalidInput",
    "LeftRun",
    "LimitUnenforced",
    "LocalModelError",
    "MalformedReply",
    "McpServerFailed",
    "MissingExtra",
    "MissingKey",
    "ModelCrashed",
    "ModelLoading",
    "ModelNotFound",
    "ModelRefused",
    "ModelSlipped",
    "NoOutput",
    "NoRoom",
    "NoSuchPath",
    "NotAtDistance",
    "NotAuthorized",
    "NotComparable",
    "NotFound",
    "NotOffered",
    "NotRegistered",
    "NotText",
    "NothingListens",
    "NothingOnStdin",
    "OnlyReads",
    "OutputCut",
    "OutputInvalid",
    "OutputLost",
    "OutputUsedUp",
    "OverBudget",
    "Overloaded",
    "OwnershipLost",
    "PlanImpossible",
    "PlanNotAccepted",
    "PlanUnconfirmed",
    "PriceUnknown",
    "ProfileRefused",
    "ProviderError",
    "ProxyRefused",
    "PruneRefused",
    "QuotaExhausted",
    "RateLimited",
    "RegionBlocked",
    "RepeatsItself",
    "ReplyTooLarge",
    "RequestRejected",
    "RevisionFailed",
    "RunCrashed",
    "RunError",
    "RunIsOver",
    "RunKilled",
    "RunTimedOut",
    "SameRun",
    "SandboxMissing",
    "SandboxRefused",
    "SearchFailed",
    "SecretInContent",
    "SecretInSetting",
    "SecretUnavailable",
    "SpawnRefused",
    "StepFailed",
    "StepPartlyDone",
    "StepUnknown",
    "Stopping",
    "StoreDamaged",
    "StoreError",
    "StoreFull",
    "StoreInUse",
    "StoreReadOnly",
    "StoreReplaced",
    "StoreTooNew",
    "StoreUnreachable",
    "StreamCut",
    "TooManyRequests",
    "TooMuchGiven",
    "ToolUnavailable",
    "TurnLimit",
    "UnknownAgent",
    "UnknownModel",
    "Unreachable",
    "Untrusted",
    "WorkspaceError",
    "WriterEnded",
]
