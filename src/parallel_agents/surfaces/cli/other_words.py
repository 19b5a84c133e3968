"""Other words: what other programs call a command or an option, and what it is called here."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping

_LISTS = "`pagents list` shows what runs and ran, `pagents health` what needs you"
_FOLLOWS = "`pagents watch NAME` follows live work, `pagents history NAME` shows what was said"
_ENDS = "`pagents kill NAME` ends it with all below it, `pagents pause NAME` has it start nothing for now"
_STARTS = "`pagents spawn AGENT TASK --wait` starts one agent, `pagents run --team TEAM` a team"
_SHOWS = "`pagents show NAME` shows its result, `pagents report NAME` all of it as a document"
_ANSWERS = "`pagents inbox` lists what waits for your answer, `pagents answer ID ANSWER` answers"
_REMOVES = "`pagents store prune --older-than 30d` removes what ended long ago"
_MAKES_AGENT = "`pagents agents new NAME PURPOSE` has an agent made and tested; with --blank, you write it yourself"
_MAKES_TEAM = "`pagents init --templates` lists team files to begin with"
_SETS = "`pagents config` shows each setting, `pagents config set NAME VALUE` sets one"
_OPENS = "`pagents serve --open` opens the page, `pagents top` shows the same on one screen"
_AGAIN = "`pagents resume NAME` continues what was stopped, `pagents retry NAME` what failed"
_FLOWS = "`pagents run FILE.yaml` runs a team file with needs; `pagents docs plans` explains them"
_REMOVES_FILE = "remove its file; `pagents {group} list --json` says where it is"


def _each(words: str, hint: str) -> Mapping[str, str]:
    return dict.fromkeys(words.split(), hint)


# By the command above them.
COMMANDS: Mapping[str, Mapping[str, str]] = {
    "pagents": {
        **_each("ps status jobs ls tasks runs sessions queue", _LISTS),
        **_each("log logs tail follow attach events trace", _FOLLOWS),
        **_each(
            "prompt prompts", "`pagents history NAME --prompt` shows what was sent to the model"
        ),
        **_each("stop cancel abort terminate interrupt end", _ENDS),
        **_each("start launch exec execute", _STARTS),
        **_each("result results output get info inspect describe view", _SHOWS),
        **_each("questions question approve approvals allow deny reject pending", _ANSWERS),
        **_each("rm remove delete clean prune purge gc", _REMOVES),
        **_each("create new add", f"{_MAKES_AGENT}; {_MAKES_TEAM}"),
        **_each("settings set configure setup", _SETS),
        **_each("dashboard ui web gui open", _OPENS),
        **_each("continue restart rerun redo", _AGAIN),
        **_each("plan", "`pagents do GOAL --dry-run` shows how a goal would be reached"),
        **_each("flow flows workflow workflows pipeline", _FLOWS),
        **_each("ask", "`pagents spawn main QUESTION --wait`, or `pagents chat main`"),
        **_each("test eval", "`pagents agents test NAME` tests an agent on its cases"),
        **_each(
            "budget", "`pagents cost` shows what was spent; `pagents docs money` how to limit it"
        ),
        **_each("key keys login auth", "`pagents docs providers` says where each key comes from"),
        **_each(
            "undo rewind rollback",
            "`pagents fork NAME --at N` takes up a conversation at an earlier turn",
        ),
        **_each("reset", _REMOVES),
        **_each(
            "cp copy",
            "`pagents agents copy NAME` copies an agent, `pagents fork NAME` a conversation",
        ),
        **_each(
            "memory share shared",
            "`pagents state list NAME` shows what agents share, `pagents artifact list NAME` their files",
        ),
        **_each("install update upgrade uninstall", "`pagents docs where-it-runs` says how"),
        **_each("help", "`pagents -h` lists all commands, `pagents docs` the pages"),
        **_each("version", "`pagents --version` prints it"),
    },
    "pagents agents": {
        **_each("create add make write", _MAKES_AGENT),
        **_each("rm remove delete", _REMOVES_FILE.format(group="agents")),
        **_each("run spawn start", "`pagents spawn AGENT TASK --wait` starts one"),
    },
    "pagents teams": {
        **_each("create add make new init", _MAKES_TEAM),
        **_each("rm remove delete", _REMOVES_FILE.format(group="teams")),
        **_each("run start", "`pagents run --team TEAM` runs one"),
    },
    "pagents models": {
        **_each("download fetch install get add", "`pagents models pull` fetches the embedded one"),
        **_each("set switch select", "`pagents models use NAME` sets the model"),
    },
    "pagents store": {
        **_each("clean clear gc delete rm purge", _REMOVES),
        **_each(
            "copy dump save export", "`pagents store backup FILE` copies it while runs continue"
        ),
        **_each("size info show", "`pagents store stats` shows what it holds"),
        **_each("verify", "`pagents store check` checks the file and its journal"),
        **_each("shrink compact", "`pagents store vacuum` gives free space back to the disk"),
    },
    "pagents workspaces": {
        **_each(
            "rm remove delete prune purge gc",
            "`pagents workspaces clean` removes those that are merged",
        ),
        **_each("diff show", "`pagents diff NAME` prints what a session changed"),
        **_each("merge apply", "`pagents merge NAME` brings the changes back"),
    },
    "pagents artifact": {
        **_each("rm remove drop", "`pagents artifact delete NAME` stops sharing it"),
        **_each(
            "prune purge gc", "`pagents artifact clean` removes contents that nothing refers to"
        ),
        **_each("add share upload save", "`pagents artifact put NAME FILE` shares a file"),
        **_each(
            "download read show cat",
            "`pagents artifact get NAME` prints it, or writes it to a file",
        ),
        **_each("ls", "`pagents artifact list NAME` lists them"),
    },
    "pagents state": {
        **_each(
            "rm remove drop unset clear",
            "`pagents state delete NAME` removes a value, or all of a tree",
        ),
        **_each(
            "put write add",
            "`pagents state set NAME` sets a value, `pagents state append NAME` adds to a list",
        ),
        **_each("read show", "`pagents state get NAME` prints a value"),
        **_each("ls", "`pagents state list NAME` lists them"),
    },
    "pagents dlq": {
        **_each("ls", "`pagents dlq list` lists them"),
        **_each("rm remove delete clear purge clean", "`pagents dlq drop` takes them off the list"),
        **_each("run replay requeue resume", "`pagents dlq retry` runs them again"),
    },
}

_FORMAT = ("--format", "--output-format", "--out-format")
_FORMATS = ("--html", "--md", "--json", "--jsonl", "--csv")
_FOLLOWING = ("--follow", "--watch", "--live")
# The options of the command that do the same; the first that it has is named.
_OPTIONS: Mapping[str, Collection[str]] = {
    **dict.fromkeys(_FORMAT, ("--output",)),
    **dict.fromkeys(_FOLLOWING, ("--follow",)),
    "--tail": ("--limit", "--follow"),
    **dict.fromkeys(("--bind", "--address", "--listen"), ("--host",)),
    **dict.fromkeys(
        (
            *("--jobs", "-j", "--concurrency", "--max-concurrency", "--parallel", "--parallelism"),
            *("--workers", "--threads", "--max-workers"),
        ),
        ("--max-parallel",),
    ),
    **dict.fromkeys(("--quiet", "-q", "--silent", "--no-progress"), ("--progress none",)),
    **dict.fromkeys(("--var", "--param", "--arg", "--set", "--vars", "--inputs"), ("--input",)),
    **dict.fromkeys(
        ("--max-cost", "--cost", "--max-budget", "--max-usd", "--usd", "--max-budget-usd"),
        ("--budget",),
    ),
    **dict.fromkeys(("--max-tokens", "--tokens", "--token-budget"), ("--budget-tokens",)),
    **dict.fromkeys(("--preview", "--plan", "--simulate", "--what-if"), ("--dry-run",)),
    **dict.fromkeys(("--name", "--key", "--run-id"), ("--id", "--label")),
    **dict.fromkeys(("--dir", "--directory", "--folder", "-C", "--path"), ("--cwd",)),
    "-p": ("--port",),
    **dict.fromkeys(("-t", "--prompt", "--task", "--message"), ("--text",)),
    **dict.fromkeys(("--force", "-f", "--no-confirm", "--assume-yes"), ("--yes",)),
    "-n": ("--dry-run", "--limit"),
    **dict.fromkeys(("--max", "--max-count", "--count", "--head", "--last", "-l"), ("--limit",)),
    **dict.fromkeys(("--context", "--attach", "--attachment"), ("--file",)),
    **dict.fromkeys(("--labels", "--label", "--tags"), ("--tag",)),
}
_FILTERS = {
    "--filter": "a filter stands alone: {path} state:failed",
    "--status": "it is a filter: {path} state:failed",
    "--sort": "the newest are first; `{path} -o csv` is for programs that sort",
    "--order": "the newest are first; `{path} -o csv` is for programs that sort",
}
# What an agent's file says, and no command.
_FIELDS = frozenset(
    {
        *(
            "--system",
            "--system-prompt",
            "--instructions",
            "--temperature",
            "--thinking",
            "--tools",
        ),
        *("--retries", "--max-retries", "--attempts", "--max-turns", "--max-output-tokens"),
        *("--examples", "--schema", "--output-schema"),
    }
)
_WITH_AGENT = frozenset(
    {"pagents spawn", "pagents map", "pagents chat", "pagents send", "pagents run"}
)
_TEXTS = frozenset(
    {"-p", "-t", "--prompt", "--task", "--text", "--message", "--goal", "--question"}
)
_BEHIND = frozenset(
    {"--background", "--detach", "--detached", "-d", "--bg", "--no-wait", "--async"}
)


def command_meant(path: str, word: str) -> str:
    """What to type instead of a command that is not there; empty if nobody is known to call it so.

    Args:
        path: the command above it, such as `pagents agents`.
        word: what was typed.
    """
    return COMMANDS.get(path, {}).get(word.casefold(), "")


def text_meant(text: str) -> str:
    """What to type for a text that stands where a command or a file should."""
    quoted = shlex.quote(text)
    return f"`pagents spawn main {quoted} --wait` asks one agent, `pagents do {quoted}` a team that is planned for it"


def option_meant(path: str, option: str, known: Collection[str], arguments: Collection[str]) -> str:
    """What to type instead of an option that a command does not have; empty if nobody calls it so.

    Args:
        path: the command, such as `pagents run`.
        option: what was typed.
        known: the long names of the command's options.
        arguments: the names of its arguments.
    """
    for name in _OPTIONS.get(option, ()):
        if name.partition(" ")[0] in known:
            return f"it is called {name} here; `{path} -h` shows all options"
    for argument in ("text", "goal"):
        if option in _TEXTS and argument in arguments:
            return f"the {argument} stands alone, in quotes; `{path} -h` shows where"
    if (argument := option.removeprefix("--")) in arguments:
        return f"the {argument} stands alone, without {option}; `{path} -h` shows where"
    if option in _FORMAT and "--md" in known:
        return (
            f"each format has its option: {', '.join(each for each in _FORMATS if each in known)}"
        )
    if option in (*_FOLLOWING, "--tail"):
        return _FOLLOWS
    if option in _FILTERS and path == "pagents list":
        return _FILTERS[option].format(path=path)
    if option in _FIELDS and path in _WITH_AGENT:
        return "an agent's file says it: `pagents agents edit NAME` opens one, `pagents docs agents` lists its fields"
    if option in ("--all", "-a") and "names" in arguments:
        return "write the name of each; `pagents list` shows them"
    if option in _BEHIND:
        return (
            "without --wait, it returns at once"
            if "--wait" in known
            else "write & behind the line; `pagents watch` follows it, `pagents resume NAME` continues it"
        )
    return ""
