"""Settings: each with its default, unit and description. Only this module reads the environment.

A setting comes from the user's `config.toml`. The project's file overrides it, then the environment
(`PARALLEL_AGENTS_` and the name in capitals), then a flag.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from parallel_agents.attention_settings import knob
from parallel_agents.care_settings import CareSettings
from parallel_agents.core.budget import Budget
from parallel_agents.core.limits import DAY_SECONDS, Limits
from parallel_agents.core.permission import Permissions, Ruling
from parallel_agents.core.policy import ANY, Policy
from parallel_agents.core.retention import DEAD_LETTER_SECONDS
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tier import Tier
from parallel_agents.core.visibility import Visibility
from parallel_agents.homes import check_home, default_home
from parallel_agents.secrets.unfilled import filled
from parallel_agents.setting_values import (
    MOST_RETENTION_SECONDS as MOST_RETENTION_SECONDS,
    Amount,
    Bound,
    Count,
    File,
    Folders,
    Hosts,
    KeepSeconds,
    Megabytes,
    ModelName,
    Models,
    Money,
    Name,
    NonEmpty,
    PrivateHostNames,
    ProfileName,
    ProfileTable,
    ProviderTable,
    RetentionSeconds,
    Rules,
    SearchTable,
    Seconds,
    ServerName,
    ServerTable,
    SessionMegabytes,
    SetBudget,
    Switch,
    Tags,
    Tokens,
)
from parallel_agents.trust import MCP_NAME, Project, check_trusted, find_project, is_known

PREFIX = "PARALLEL_AGENTS_"

HOME_VARIABLE, PROFILE_VARIABLE = f"{PREFIX}HOME", f"{PREFIX}PROFILE"
LOG_VARIABLE, LOG_FILE_VARIABLE = f"{PREFIX}LOG", f"{PREFIX}LOG_FILE"
LOG_JSON_VARIABLE = f"{PREFIX}LOG_JSON"
URL_VARIABLE, TOKEN_VARIABLE, CLIENT_VARIABLE = f"{PREFIX}URL", f"{PREFIX}TOKEN", f"{PREFIX}CLIENT"


def _tables(sentence: str) -> dict[str, JsonObject]:
    return field(default_factory=dict[str, JsonObject], metadata=knob(sentence))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(CareSettings):
    """The values in force; `pagents config` shows the description of each field."""

    model: ModelName | None = field(
        default=None, metadata=knob("provider/model for agents that do not name a model")
    )
    max_parallel: Count = field(default=16, metadata=knob("runs at once in one process"))
    timeout_seconds: Seconds = field(
        default=600.0, metadata=knob("seconds for a run, excluding its time in the queue")
    )
    call_timeout_seconds: Seconds = field(
        default=300.0, metadata=knob("seconds for one try of a model call, or for a tool call")
    )
    max_turns: Count = field(default=25, metadata=knob("model calls in one run"))
    max_output_tokens: Tokens = field(default=4096, metadata=knob("tokens in one reply"))
    attempts: Count = field(default=1, metadata=knob("attempts of a run whose answer is rejected"))
    tries: Count = field(default=5, metadata=knob("tries of a model call before it fails"))
    patience_seconds: Seconds = field(
        default=300.0,
        metadata=knob("total seconds that a call waits for rate limits and for a model to load"),
    )
    default_agent: Name = field(
        default="main", metadata=knob("the agent of a sessions_spawn that names no agent")
    )
    max_spawn_depth: Bound = field(
        default=5, metadata=knob("how deep agents may spawn agents; 0 forbids it")
    )
    max_children: Count = field(default=20, metadata=knob("the most live children of one session"))
    max_tree_sessions: Count = field(
        default=1000,
        metadata=knob("the most sessions that one task or message from outside may lead to"),
    )
    hand_back_tokens: Tokens = field(
        default=2000,
        metadata=knob(
            "tokens of a child's output that its parent receives; several outputs in one answer share four times that"
        ),
    )
    result_tokens: Tokens | None = field(
        default=None,
        metadata=knob("tokens of a tool's result for a model; by default 1/8 of its context"),
    )
    summaries: Switch = field(
        default=True,
        metadata=knob("summarize what no longer fits a model's context; false leaves it out"),
    )
    summary_model: ModelName | None = field(
        default=None,
        metadata=knob("provider/model that writes these summaries; by default the run's own"),
    )
    session_visibility: Visibility = field(
        default=Visibility.TREE,
        metadata=knob("the sessions an agent sees: self, tree, agent (same agent) or all"),
    )
    archive_seconds: Seconds = field(
        default=3600.0, metadata=knob("seconds until a session that has ended is archived")
    )
    day_budget_usd: Money | None = field(
        default=None, metadata=knob("US dollars for all calls of a UTC day")
    )
    day_budget_tokens: Amount | None = field(
        default=None, metadata=knob("tokens for all calls of a UTC day")
    )
    agent_budgets: Mapping[Name, SetBudget] = field(
        default_factory=dict[str, Budget],
        metadata=knob("usd and tokens for all calls of one agent in a UTC day, by agent"),
    )
    allow_weak_judge: Switch = field(
        default=False, metadata=knob("accept a judge that is known to judge badly, with a warning")
    )
    agent_breaker: Switch = field(
        default=True,
        metadata=knob("pause agents whose runs keep failing through their own fault"),
    )
    dead_letter_seconds: RetentionSeconds = field(
        default=DEAD_LETTER_SECONDS,
        metadata=knob("seconds for which a failed task can be retried"),
    )
    tags: Tags = field(
        default=(), metadata=knob("tags of all work that is started, such as nightly")
    )
    parent_session: NonEmpty | None = field(
        default=None, metadata=knob("the parent of the sessions that this process spawns")
    )
    permissions: Mapping[Ruling, Rules] = field(
        default_factory=dict[Ruling, tuple[str, ...]],
        metadata=knob("rules for the tool calls of every agent: allow, ask and deny"),
    )
    sandbox: Sandbox = field(
        default=Sandbox.INHERIT,
        metadata=knob(
            "commands of agents: inherit runs them in a sandbox unless their agent says off, require always does, off does if their agent requires it"
        ),
    )
    sandbox_folders: Folders | None = field(
        default=None,
        metadata=knob("folders of programs that a sandbox can read, besides the system's"),
    )
    sandbox_hosts: Hosts | None = field(
        default=None,
        metadata=knob("hosts that commands in a sandbox reach by https, such as *.pypi.org"),
    )
    fetch_private_hosts: PrivateHostNames | None = field(
        default=None,
        metadata=knob("private hosts that agents may fetch from, such as 127.0.0.1:8080"),
    )
    fetch_through_proxy: Switch = field(
        default=False,
        metadata=knob("fetch through the environment's proxy, which finds the hosts itself"),
    )
    search: SearchTable = field(
        default_factory=SearchTable,
        metadata=knob("the engine of web_search: its provider, key and url"),
    )
    memory_megabytes: SessionMegabytes | None = field(
        default=None,
        metadata=knob("megabytes of memory that the commands of one session use together"),
    )
    max_processes: Count | None = field(
        default=None,
        metadata=knob("processes and threads that the commands of one session have at once"),
    )
    output_megabytes: Megabytes | None = field(
        default=None,
        metadata=knob("megabytes that the commands of one session's tools write in all"),
    )
    workspace_megabytes: Megabytes = field(
        default=2_000,
        metadata=knob("the most megabytes of uncommitted files that a workspace can copy"),
    )
    workspace_seconds: RetentionSeconds = field(
        default=7 * DAY_SECONDS,
        metadata=knob("seconds after which `workspaces clean` removes a workspace that is merged"),
    )
    state_keys: Count = field(
        default=1_000,
        metadata=knob("the most keys of the state that the sessions of a tree share"),
    )
    state_megabytes: Megabytes = field(
        default=16, metadata=knob("the most megabytes of all its values together")
    )
    artifact_megabytes: Megabytes = field(
        default=100, metadata=knob("the most megabytes of one artifact")
    )
    tree_artifact_megabytes: Megabytes = field(
        default=2_000, metadata=knob("the most megabytes of all artifacts of a tree together")
    )
    full_sync: Switch = field(
        default=False, metadata=knob("flush to disk at each commit, to survive a power loss")
    )
    local_slots: Count | None = field(
        default=None,
        metadata=knob("parallel calls of the embedded model; by default chosen for this machine"),
    )
    local_model_file: File | None = field(
        default=None, metadata=knob("a GGUF file to use as the embedded model, unchecked")
    )
    local_keep_seconds: KeepSeconds = field(
        default=300.0,
        metadata=knob("seconds that the embedded model stays loaded after a call; 0 ends it"),
    )
    tiers: Mapping[Tier, ModelName] = field(
        default_factory=dict[Tier, str], metadata=knob("provider/model for small, medium, large")
    )
    ladders: Mapping[Name, Models] = field(
        default_factory=dict[str, tuple[str, ...]],
        metadata=knob("named lists of models, cheapest first; `ladder/NAME` as a model uses one"),
    )
    providers: Mapping[str, ProviderTable] = _tables(
        "your providers, and changes to the built-in providers"
    )
    profiles: Mapping[ProfileName, ProfileTable] = _tables(
        "variables that commands and servers of agents get, by the name of a profile"
    )
    mcp_servers: Mapping[ServerName, ServerTable] = _tables(
        "servers whose tools agents may name as mcp__NAME__TOOL"
    )

    @property
    def permission_layer(self) -> Permissions:
        """The permissions above those of every session; the project's are added to the user's.

        Raises:
            InvalidInput: a rule is not of the form `tool` or `tool(pattern)`.
        """
        return Permissions(**self.permissions)

    @property
    def day_budget(self) -> Budget:
        return Budget(usd=self.day_budget_usd, tokens=self.day_budget_tokens)

    @property
    def policy(self) -> Policy:
        """The widest policy that any agent can have."""
        return Policy(
            spawns=(ANY,),
            max_depth=self.max_spawn_depth,
            max_children=self.max_children,
            max_total=self.max_tree_sessions,
        )

    @property
    def limits(self) -> Limits:
        return Limits(
            timeout_seconds=self.timeout_seconds,
            call_timeout_seconds=self.call_timeout_seconds,
            max_turns=self.max_turns,
            max_output_tokens=self.max_output_tokens,
            attempts=self.attempts,
            memory_megabytes=self.memory_megabytes,
            max_processes=self.max_processes,
            output_megabytes=self.output_megabytes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The folders and variables that this process was started with.

    Attributes:
        home: the user's folder, with the store, models, results and `config.toml`.
        is_home_chosen: whether the user named the home, by a flag, an argument or a variable.
        variables: the environment variables.
        trusted: the project as the user has trusted it; None if there is none.
        untrusted_servers: a `.mcp.json` around the current folder that has no effect; None if there
            is none.
    """

    home: Path
    variables: Mapping[str, str] = field(repr=False)
    is_home_chosen: bool = False
    trusted: Project | None = None
    untrusted_servers: Path | None = None

    @property
    def project(self) -> Path | None:
        """The `.parallel-agents` folder of the project, which is only used as it was trusted."""
        return None if self.trusted is None else self.trusted.folder

    @property
    def project_name(self) -> str:
        """The project's folder, by the one path that it has; empty for none."""
        return "" if self.project is None else os.path.realpath(self.project)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that may hold agents and teams, the project's first."""
        return (self.home,) if self.project is None else (self.project, self.home)

    def accept(self, file: Path, content: bytes) -> None:
        """Refuse a file of the project that is no longer what the user has trusted.

        Raises:
            Untrusted: it has changed since this environment was read.
        """
        if self.trusted is not None:
            self.trusted.check(file, content)

    @property
    def user(self) -> str:
        """The user who runs this process, as the journal names them."""
        return self.variables.get("USER") or self.variables.get("USERNAME") or "user"

    @property
    def gateway(self) -> str:
        """The address of the gateway that is asked instead of this home; empty for none."""
        return self.variables.get(URL_VARIABLE, "").strip()

    def read_key(self, variable: str) -> str | None:
        """The key in a variable; None if it is not set, or is a reference that nobody filled in."""
        return filled(self.variables.get(variable))


def read_environment(home: Path | None = None, start: Path | None = None) -> Environment:
    """The environment of this process, with the project around the folder `start`.

    Raises:
        Untrusted: the user has not trusted the project in its present form.
        ConfigError: no home is named, and the user has no folder to have one in.
    """
    environment = read_user_environment(home)
    project = find_project_around(environment, start)
    if project is None:
        return environment
    if project.is_only_mcp and not is_known(project, environment.home):
        # It is there for other programs: nothing in it takes effect, and nothing is refused for it.
        return replace(environment, untrusted_servers=project.folder.parent / MCP_NAME)
    check_trusted(project, environment.home)
    return replace(environment, trusted=project)


def read_user_environment(home: Path | None = None) -> Environment:
    """The environment of this process without any project: what only looks at the store needs none.

    Raises:
        ConfigError: no home is named, and the user has no folder to have one in.
    """
    variables = dict(os.environ)
    named = variables.get(HOME_VARIABLE)
    where = home or (Path(named) if named else default_home(variables, HOME_VARIABLE))
    folder = where.expanduser().absolute()
    check_home(folder, HOME_VARIABLE)
    return Environment(home=folder, variables=variables, is_home_chosen=bool(home or named))


def choose_profile(name: str) -> None:
    """Use the settings of a profile in this process, and in those that it starts."""
    os.environ[PROFILE_VARIABLE] = name


def choose_gateway(url: str | None = None) -> str:
    """Ask this gateway instead of the home of this process; the address of the one that is asked, if any."""
    if url is not None:
        os.environ[URL_VARIABLE] = url
    return os.environ.get(URL_VARIABLE, "").strip()


def find_project_around(environment: Environment, start: Path | None = None) -> Project | None:
    """The project around a folder, by default the current one, trusted or not."""
    try:
        user_folder = Path.home()
    except RuntimeError:  # a user without one, as in some containers
        user_folder = None
    try:
        around = (start or Path.cwd()).absolute()
    except OSError:  # the current folder was deleted
        return None
    return find_project(around, environment.home, user_folder)
