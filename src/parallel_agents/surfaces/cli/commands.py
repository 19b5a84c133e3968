"""Commands: the table of all commands, each with the module that is loaded when it is called."""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """A command: `module:function`, or a module with a group `app`; its help; its panel."""

    where: str
    help: str
    panel: str


_START, _WATCH, _CONTROL, _SERVE, _SET_UP = "Start", "Watch", "Control", "Serve", "Set up"

COMMANDS = {
    "demo": Command("demo:demo", "Watch simulated agents work; no key, no network.", _START),
    "run": Command("run:run", "Run a team, and return every result.", _START),
    "map": Command("map:map_rows", "Have one agent work on each row of a table or file.", _START),
    "do": Command("do:do", "Have agents plan a goal, reach it, and report.", _START),
    "resume": Command("run:resume", "Continue a team or session that was stopped.", _START),
    "spawn": Command("spawn:spawn", "Start one agent on a task.", _START),
    "chat": Command("chat:chat", "Talk to one agent, in a session that is kept.", _START),
    "work": Command("work:work", "Execute queued runs until none is left.", _START),
    "list": Command("list:list_sessions", "List teams and sessions.", _WATCH),
    "show": Command("show:show", "Show a team or a session, with its results.", _WATCH),
    "history": Command("history:history", "Show what was said and done in a session.", _WATCH),
    "search": Command("search:search", "Find a phrase in all transcripts.", _WATCH),
    "audit": Command("audit:audit", "List who decided what and why; verify the journal.", _WATCH),
    "watch": Command(
        "watch:watch", "Watch live work, whoever executes it; leaving ends nothing.", _WATCH
    ),
    "top": Command("top:top", "Show all live work on one screen; steer, answer, end.", _WATCH),
    "wait": Command("wait:wait", "Wait for sessions to end.", _WATCH),
    "compare": Command(
        "compare:compare", "Show where two runs part, and what was changed between them.", _WATCH
    ),
    "diff": Command("diff:diff", "Print what a session changed in its workspace.", _WATCH),
    "cost": Command("cost:cost", "Show what accepted results cost, by agent and model.", _WATCH),
    "report": Command(
        "report:report", "Print what a team or session came to, as a document.", _WATCH
    ),
    "export": Command(
        "export:export", "Write all that a team or session did into one file.", _WATCH
    ),
    "health": Command("health:health", "Show what runs, and what of it needs you.", _WATCH),
    "board": Command("board:board", "Show a board of tiles, and which alerts hold.", _WATCH),
    "metrics": Command("metrics:metrics", "Print the state of the store for Prometheus.", _WATCH),
    "send": Command("spawn:send", "Start the next run of a session.", _CONTROL),
    "fork": Command("fork:fork", "Take up a conversation at one of its turns.", _CONTROL),
    "limits": Command("limits", "Show and set how fast each model may be called.", _CONTROL),
    "inbox": Command("inbox:inbox", "List what waits for your answer.", _WATCH),
    "answer": Command("answer:answer", "Answer a question of the inbox.", _CONTROL),
    "steer": Command("steer:steer", "Send a message to a live run.", _CONTROL),
    "merge": Command("merge:merge", "Bring the changes of workspaces back.", _CONTROL),
    "workspaces": Command(
        "workspaces", "List workspaces, and remove those that are merged.", _CONTROL
    ),
    "state": Command("state", "Show and set the values that the agents of a tree share.", _CONTROL),
    "artifact": Command(
        "artifact", "Share files with the agents of a tree, and get theirs.", _CONTROL
    ),
    "store": Command(
        "store", "Show the size of the store; prune, copy, shrink and check it.", _CONTROL
    ),
    "pause": Command("pause:pause", "Let a run and all below it start nothing for now.", _CONTROL),
    "unpause": Command("pause:unpause", "Let a paused run go on.", _CONTROL),
    "kill": Command("kill:kill", "End a run and everything that it spawned.", _CONTROL),
    "retry": Command("retry:retry", "Run again what failed in a run; its price first.", _CONTROL),
    "dlq": Command("dlq", "List, retry or drop tasks that failed for good.", _CONTROL),
    "serve": Command("serve:serve", "Serve the API and the page to browsers and programs.", _SERVE),
    "mcp": Command(
        "mcp", "Serve the session tools to MCP clients; list and check MCP servers.", _SERVE
    ),
    "agents": Command("agents", "List, show and make agents.", _SET_UP),
    "permissions": Command("permissions", "Show what an agent or a session may do.", _SET_UP),
    "init": Command("init:init", "Set up once; or write a team file to begin with.", _SET_UP),
    "validate": Command("plans:validate", "Check a team file, without a call.", _SET_UP),
    "graph": Command("plans:graph", "Draw the tasks of a team file.", _SET_UP),
    "schema": Command("plans:schema", "Print the JSON Schema of team files, for editors.", _SET_UP),
    "teams": Command("teams", "List and show teams.", _SET_UP),
    "models": Command("models", "List models; fetch the embedded one.", _SET_UP),
    "judge": Command("judge", "Find out which models may judge.", _SET_UP),
    "skill": Command(
        "skill", "Install the skill and MCP server for Claude Code, Codex or OpenClaw.", _SET_UP
    ),
    "openclaw": Command("openclaw", "Install the skill for OpenClaw.", _SET_UP),
    "trust": Command(
        "trust:trust", "Trust a project's folder as it is now, so that it takes effect.", _SET_UP
    ),
    "secrets": Command(
        "secrets", "Show where the secrets are that the settings name, never a value.", _SET_UP
    ),
    "config": Command("config", "Show each setting, with its source; set them.", _SET_UP),
    "completion": Command("completion", "Let your shell complete commands and names.", _SET_UP),
    "docs": Command(
        "docs:docs", "Show a page of the documentation, or explain an error code.", _SET_UP
    ),
    "doctor": Command(
        "doctor:doctor", "Check what works here, and suggest what to do about the rest.", _SET_UP
    ),
}
