"""Permissions: deny before ask before allow, and silence denies what leaves the session."""

from __future__ import annotations

import pytest

from parallel_agents.core.mcp_names import offered_name
from parallel_agents.core.permission import (
    Permissions,
    Ruling,
    decide,
    is_denied,
    may_ever,
    parse_rule,
)
from parallel_agents.core.tool import Access, Subject, SubjectKind, ToolSpec
from parallel_agents.errors import InvalidInput

SHELL = ToolSpec(
    "shell", "", {}, access=Access.RUN, subject=Subject("command", SubjectKind.COMMAND)
)
READ = ToolSpec("read_file", "", {}, access=Access.READ, subject=Subject("path", SubjectKind.PATH))
WRITE = ToolSpec(
    "write_file", "", {}, access=Access.WRITE, subject=Subject("path", SubjectKind.PATH)
)
FETCH = ToolSpec("fetch", "", {}, access=Access.NETWORK, subject=Subject("url", SubjectKind.URL))
OWN = ToolSpec("look_up", "", {}, subject=Subject("word"))


def ruling(spec: ToolSpec, subject: str, *layers: Permissions) -> Ruling:
    return decide(layers, spec, subject).ruling


def allow(*rules: str) -> Permissions:
    return Permissions(allow=rules)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (SHELL, Ruling.DENY),
        (WRITE, Ruling.DENY),
        (FETCH, Ruling.DENY),
        (READ, Ruling.ALLOW),
        (OWN, Ruling.ALLOW),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_silence_denies_what_writes_runs_or_leaves(spec: ToolSpec, expected: Ruling) -> None:
    assert ruling(spec, "x") is expected


@pytest.mark.parametrize(
    ("rule", "spec", "subject"),
    [
        ("shell", SHELL, "anything; at all $(x)"),
        ("shell(*)", SHELL, "anything; at all $(x)"),
        ("*", SHELL, "x"),
        ("shell(git *)", SHELL, "git status"),
        ("shell(git *)", SHELL, "git"),
        ("shell(git:*)", SHELL, "git log -1"),
        ("shell(git *)", SHELL, "git add . && git commit -m 'a; b'"),
        ("shell(git status)", SHELL, "git  status"),
        ("shell(* --version)", SHELL, "node --version"),
        ("shell(* --version)", SHELL, "/opt/node --version"),
        ("shell(pytest*)", SHELL, "pytest -q 'a b'"),
        ("shell(./run/*)", SHELL, "./run/tests now"),
        ("shell(git *)", SHELL, 'git commit -m "it\'s done" >/dev/null'),
        ("write_file(docs/**)", WRITE, "docs/a/b.md"),
        ("write_file(docs/)", WRITE, "docs/a/b.md"),
        ("write_file(docs/**)", WRITE, "./docs//a.md"),
        ("write_file(**/*.py)", WRITE, "a.py"),
        ("write_file(**/*.py)", WRITE, "a/b/c.py"),
        ("write_file(*.py)", WRITE, "a/b/c.py"),
        ("write_*", WRITE, "x"),
        ("fetch(example.com)", FETCH, "https://Example.com/a?b"),
        ("fetch(domain:example.com)", FETCH, "https://example.com:8443/"),
        ("fetch(*.example.com)", FETCH, "https://a.b.example.com./"),
        ("fetch(https://example.com/docs/*)", FETCH, "https://example.com/docs/x"),
        ("look_up(tea*)", OWN, "teapot"),
    ],
)
def test_a_rule_allows_what_it_names(rule: str, spec: ToolSpec, subject: str) -> None:
    assert ruling(spec, subject, allow(rule)) is Ruling.ALLOW


@pytest.mark.parametrize(
    ("rule", "spec", "subject"),
    [
        ("shell(git *)", SHELL, "gitx status"),
        ("shell(git *)", SHELL, "git log && curl x | sh"),
        ("shell(git *)", SHELL, "git log; rm -rf /"),
        ("shell(git *)", SHELL, "git log\nrm -rf /"),
        ("shell(git *)", SHELL, "git log & rm -rf /"),
        ("shell(git *)", SHELL, "git log $(rm x)"),
        ("shell(git *)", SHELL, 'git log "$(rm x)"'),
        ("shell(git *)", SHELL, "git log > ~/.bashrc"),
        ("shell(git *)", SHELL, "PAGER=x git log"),
        ("shell(git *)", SHELL, "env git log"),
        ("shell(git -C * status)", SHELL, "git -C /r && rm -rf / && git -C /r status"),
        ("shell(git status)", SHELL, "git status --short"),
        ("shell(git *)", SHELL, ""),
        ("shell(git *)", SHELL, 'git log "\'" $(rm x) "\'"'),
        ("shell(git *)", SHELL, 'git log "\'" `rm x` "\'"'),
        ("shell(git *)", SHELL, "git log \"it's\" > file 'x'"),
        ("shell(git *)", SHELL, "'git x/../../../usr/bin/touch' y"),
        ("shell(git*)", SHELL, "git/../../../usr/bin/touch y"),
        ("shell(./run/*)", SHELL, "./run/../x"),
        ("shell(git commit -m *)", SHELL, "git 'commit -m' x"),
        ("shell(git *)", SHELL, "git\vstatus"),
        ("shell(git *)", SHELL, "git log &>/dev/null curl x"),
        ("fetch(https://example.com)", FETCH, "https://example.com/x"),
        ("write_file(docs)", WRITE, "docs/a"),
        ("write_file(docs/**)", WRITE, "docs/../a.md"),
        ("write_file(docs/**)", WRITE, "docsx/a.md"),
        ("write_file(docs/*)", WRITE, "docs/a/b.md"),
        ("write_file(docs/**)", WRITE, "/docs/a.md/../../etc/x"),
        ("write_file(docs/**)", WRITE, "Docs/a.md"),
        ("fetch(example.com)", FETCH, "https://example.com.evil.net/"),
        ("fetch(example.com)", FETCH, "https://example.com@evil.net/"),
        ("fetch(*.example.com)", FETCH, "https://notexample.com/"),
        ("fetch(example.com)", FETCH, "https://[broken/"),
        ("read_file", SHELL, "x"),
    ],
)
def test_a_rule_allows_nothing_else(rule: str, spec: ToolSpec, subject: str) -> None:
    assert ruling(spec, subject, allow(rule)) is Ruling.DENY


@pytest.mark.parametrize(
    "command",
    [
        "curl x",
        "ls; curl x",
        "env curl x",
        "bash -c 'curl x'",
        "echo $(curl x)",
        "/usr/bin/curl x",
        '"curl" x > f',
        "cu\\rl x",
        "bash -x -c 'curl x'",
        "bash -o pipefail -c 'curl x'",
        "bash --norc -c 'curl x'",
        "bash <<< 'curl x'",
        "echo 'curl x' | bash",
        "bash -c \"env 'curl' x\"",
        "eval curl x",
        "eval 'cu''rl x'",
        "trap 'curl x' EXIT",
        "coproc curl x",
        "find . -exec curl {} ;",
        "find . -name a -okdir curl x",
        "find . -exec curl {} \\;",
        "/usr/bin/cur? x",
        "/usr/bin/c[u]rl x",
        "! curl x",
        "t=curl; $t x",
        "$(echo curl) x",
        "`echo curl` x",
        "cu$(echo rl) x",
        "timeout 5 $t x",
        "watch curl x",
        "find . -exec sh -c 'curl x' ;",
        "bash -c $'curl x'",
        'sh -c "$X"',
        "rbash -c 'curl x'",
        "env --split-string='curl x'",
        "cur\\\nl x",
        "cur{l,} x",
        "true " * 20_000,
    ],
    ids=lambda text: text[:30],
)
def test_a_denial_finds_a_command_behind_others(command: str) -> None:
    layer = Permissions(allow=("shell",), deny=("shell(curl *)",))

    assert ruling(SHELL, command, layer) is Ruling.DENY


@pytest.mark.parametrize(
    "command",
    ["git status", "grep curl x", "find . -name curl", "echo $HOME", "bash run.sh", "a=$(date) ls"],
)
def test_a_denial_leaves_other_commands_alone(command: str) -> None:
    layer = Permissions(allow=("shell",), deny=("shell(curl *)",))

    assert ruling(SHELL, command, layer) is Ruling.ALLOW


@pytest.mark.parametrize(
    ("spec", "rule", "about"),
    [
        (SHELL, "shell(/usr/bin/curl *)", "curl x"),
        (READ, "read_file(secret)", "secret/k"),
        (READ, "read_file(secret)", "a/secret/b/k"),
        (READ, "read_file(a/secret)", "a/secret/b/k"),
        (READ, "read_file(a/*)", "a/b/c"),
        (FETCH, "fetch(example.com/*)", "https://example.com/x"),
        (FETCH, "fetch(https://example.com)", "https://example.com/x"),
        (FETCH, "fetch(https://example.com/admin)", "https://example.com/admin?x=1"),
        (FETCH, "fetch(https://example.com/admin)", "https://example.com/admin/users"),
        (FETCH, "fetch(https://example.com/admin/)", "https://example.com/admin/users"),
    ],
)
def test_a_denial_holds_for_what_is_below(spec: ToolSpec, rule: str, about: str) -> None:
    layer = Permissions(allow=(spec.name,), deny=(rule,))

    assert ruling(spec, about, layer) is Ruling.DENY


@pytest.mark.parametrize(
    ("spec", "rule", "about"),
    [
        (READ, "read_file(secret)", "secrets/k"),
        (READ, "read_file(secret)", "a/k"),
        (FETCH, "fetch(https://example.com/admin)", "https://example.com/administrators"),
        (FETCH, "fetch(https://example.com)", "https://example.org/"),
        (FETCH, "fetch(example.com)", "https://other.example.com/x"),
    ],
)
def test_a_denial_leaves_the_rest_alone(spec: ToolSpec, rule: str, about: str) -> None:
    layer = Permissions(allow=(spec.name,), deny=(rule,))

    assert ruling(spec, about, layer) is Ruling.ALLOW


def test_deny_overrides_ask_and_ask_overrides_allow() -> None:
    asks = Permissions(allow=("shell",), ask=("shell(git push *)",))
    denies = Permissions(allow=("shell",), ask=("shell",), deny=("shell(git push *)",))

    assert ruling(SHELL, "git push", asks) is Ruling.ASK
    assert ruling(SHELL, "git status", asks) is Ruling.ALLOW
    assert ruling(SHELL, "git push", denies) is Ruling.DENY


def test_every_layer_must_agree() -> None:
    outer = allow("shell(git *)")

    assert ruling(SHELL, "git status", outer, allow("shell")) is Ruling.ALLOW
    assert ruling(SHELL, "ls", outer, allow("shell")) is Ruling.DENY
    assert ruling(SHELL, "git status", outer, allow("write_file")) is Ruling.DENY


def test_a_layer_that_only_denies_leaves_the_rest_to_the_others() -> None:
    restriction = Permissions(deny=("shell(curl *)",))

    assert ruling(SHELL, "ls", restriction, allow("shell")) is Ruling.ALLOW
    assert ruling(SHELL, "curl x", restriction, allow("shell")) is Ruling.DENY
    assert ruling(SHELL, "ls", restriction) is Ruling.DENY


def test_a_decision_names_its_rule() -> None:
    layer = Permissions(allow=("shell(git *)", "shell(ls*)"))

    assert decide([layer], SHELL, "ls").rule == "shell(ls*)"
    assert decide([layer], SHELL, "rm x").rule == ""


def test_what_a_path_leads_to_can_be_denied() -> None:
    layers = [Permissions(deny=("read_file(.env)",)), allow("read_file")]

    assert is_denied(layers, "read_file", "config/.env")
    assert not is_denied(layers, "read_file", "config/env")
    assert not is_denied(layers, "write_file", ".env")


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ((), False),
        ((allow("shell(git *)"),), True),
        ((Permissions(ask=("shell",)),), True),
        ((allow("shell"), allow("read_file")), False),
        ((allow("shell"), Permissions(deny=("shell",))), False),
        ((allow("shell"), Permissions(deny=("shell(curl *)",))), True),
    ],
)
def test_a_tool_that_no_call_could_use_is_known(
    layers: tuple[Permissions, ...], expected: bool
) -> None:
    assert may_ever(layers, SHELL) is expected


@pytest.mark.parametrize(
    "text",
    ["", "(x)", "shell(", "shell)x", "a b", "mcp__a__b [c]", "mcp__a__b c?", "x" * 2000, "1x"],
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a permission"):
        Permissions(allow=(text,))


def test_a_pattern_may_have_parentheses() -> None:
    assert parse_rule("shell(echo (a))").pattern == "echo (a)"


def test_a_pattern_that_backtracks_takes_no_time() -> None:
    rule = f"write_file({'**/' * 30}x)"

    assert ruling(WRITE, "/".join(["a"] * 200), allow(rule)) is Ruling.DENY


MCP = ToolSpec("mcp__github__create_issue", "", {}, access=Access.RUN)
SPACED = ToolSpec(offered_name("github", "weird.name with space"), "", {}, access=Access.RUN)
DOTTED = ToolSpec("mcp__github__admin_tools_list_ce33de31", "", {}, access=Access.RUN)


@pytest.mark.parametrize(
    ("rule", "spec"),
    [
        ("mcp__github", MCP),
        ("mcp__github__*", MCP),
        ("mcp__github__create_*", MCP),
        ("mcp__*", MCP),
        ("mcp__github__admin.tools.list", DOTTED),
        ("mcp__github__weird.name with space", SPACED),
    ],
)
def test_a_rule_names_tools_of_a_server(rule: str, spec: ToolSpec) -> None:
    assert ruling(spec, "", Permissions(allow=(rule,))) is Ruling.ALLOW
    assert ruling(spec, "", Permissions(allow=("*",), deny=(rule,))) is Ruling.DENY


@pytest.mark.parametrize("rule", ["mcp__git", "mcp__github_", "mcp__git__hub", "mcp__foo.bar"])
def test_a_rule_for_another_server_says_nothing(rule: str) -> None:
    assert ruling(MCP, "", Permissions(allow=(rule,))) is Ruling.DENY


def test_a_rule_that_could_name_no_tool_of_a_server_is_refused() -> None:
    with pytest.raises(InvalidInput, match="is a permission for no tool"):
        Permissions(deny=("mcp__github__admin.*",))
