"""In a sandbox git can commit, also in a worktree, and what git obeys stays as it is."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from parallel_agents.errors import SandboxRefused
from tests.integration.sandbox.machine import inside, needs_sandbox

pytestmark = needs_sandbox

COMMIT = "echo new > new; git add new && git commit -qm second && git log --oneline | wc -l"


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=u", "-c", "user.email=u", "-c", "protocol.file.allow=always"]
    done = subprocess.run(
        [*command, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    git(folder, "init", "-q", "-b", "main")
    (folder / "file").write_text("one\n")
    git(folder, "add", "file")
    git(folder, "commit", "-qm", "first")
    return folder


@pytest.fixture
def repository(tmp_path: Path, template: Path) -> Path:
    return shutil.copytree(template, tmp_path / "a project 🙂")


async def test_a_session_can_commit_in_a_copy_of_its_own(repository: Path) -> None:
    end = await inside(repository, COMMIT, is_own_folder=True)

    assert end.output == "2\n"
    assert git(repository, "log", "-1", "--format=%an %s") == "agent second\n"
    assert git(repository, "status", "--short") == ""


async def test_a_session_can_commit_on_objects_that_are_borrowed(
    repository: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--shared", str(repository), str(clone))

    end = await inside(clone, COMMIT, is_own_folder=True)

    assert end.output == "2\n"
    assert git(clone, "status", "--short") == ""


async def test_git_can_look_at_a_repository_that_is_not_the_sessions_own(repository: Path) -> None:
    end = await inside(
        repository, f"echo x > file; git diff --stat | tail -1; git log --oneline | wc -l; {COMMIT}"
    )

    assert end.output.startswith(" 1 file changed, 1 insertion(+), 1 deletion(-)\n1\nfatal: ")
    assert "Read-only file system" in end.output
    assert git(repository, "log", "--format=%s") == "first\n"


async def test_git_can_look_at_a_worktree(repository: Path, tmp_path: Path) -> None:
    worktree = tmp_path / "worktree"
    git(repository, "worktree", "add", "-q", "-b", "side", str(worktree))

    end = await inside(worktree, f"git log --oneline | wc -l; git branch --show-current; {COMMIT}")

    assert end.output.startswith("1\nside\n")
    assert "Read-only file system" in end.output
    assert git(repository, "status", "--short") == ""


@pytest.mark.parametrize(
    "change",
    [
        "echo {other} >> .git/objects/info/alternates",
        "mv .git/objects .git/o",
        "mv .git/objects/info .git/objects/i",
        "rm -r .git/objects/info",
    ],
)
async def test_a_command_does_not_choose_whose_objects_are_seen(
    change: str, repository: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    script = change.replace("{other}", f"{other}/.git/objects")
    await inside(repository, script, is_own_folder=True)

    look = f"ls {other}/.git/objects && echo SEEN; true"
    end = await inside(repository, look, is_own_folder=True)

    assert "SEEN" not in end.output


@pytest.mark.parametrize(
    "change",
    [
        "git config core.fsmonitor x",
        "echo x > {main}/.git/hooks/pre-commit",
        "echo x > {main}/.git/HEAD",
        "echo gitdir: elsewhere > .git",
        "rm .git",
        "echo x > {main}/.git/worktrees/worktree/commondir",
        "echo x > {main}/.git/worktrees/worktree/gitdir",
    ],
)
async def test_a_worktree_cannot_change_what_its_repository_obeys(
    change: str, repository: Path, tmp_path: Path
) -> None:
    worktree = tmp_path / "worktree"
    git(repository, "worktree", "add", "-q", "-b", "side", str(worktree))
    script = change.replace("{main}", f'"{repository}"')

    end = await inside(worktree, f"{script} && echo CHANGED; true")

    assert "CHANGED" not in end.output


async def test_a_file_that_names_another_repository_opens_nothing(
    repository: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / ".git").write_text(f"gitdir: {repository}/.git\n")

    end = await inside(folder, f"ls '{repository}' && echo SEEN; true")

    assert "SEEN" not in end.output


async def test_a_forged_worktree_opens_nothing(tmp_path: Path) -> None:
    folder, secret = tmp_path / "folder", tmp_path / "secret"
    forged = folder / "forged" / "worktrees" / "x"
    forged.mkdir(parents=True)
    secret.mkdir()
    (secret / "key").write_text("SECRET")
    (folder / ".git").write_text(f"gitdir: {forged}\n")
    (forged / "gitdir").write_text(f"{folder}/.git\n")
    (forged / "commondir").write_text(f"{secret}\n")

    end = await inside(folder, f"cat '{secret}/key'; true")

    assert "SECRET" not in end.output


@pytest.fixture(scope="module")
def outer_template(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Path:
    """A repository with a submodule, one that is not checked out, and hooks in its own files."""
    folder = tmp_path_factory.mktemp("outer")
    git(folder, "init", "-q", "-b", "main")
    for name in ("libs/inner", "libs/empty"):
        git(folder, "submodule", "add", "-q", str(template), name)
    (folder / "tools" / "hooks").mkdir(parents=True)
    (folder / "tools" / "hooks" / "post-index-change").write_text("#!/bin/sh\n")
    (folder / "tools" / "monitor").write_text("#!/bin/sh\n")
    (folder / "tools" / "monitor").chmod(0o755)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    git(folder, "submodule", "deinit", "-q", "-f", "libs/empty")
    git(folder, "config", "core.hooksPath", "tools/hooks")
    git(folder, "config", "include.path", "../settings/gitconfig")
    git(folder, "config", "--add", "include.path", "../late/gitconfig")
    git(folder, "config", "filter.x.clean", "tools/monitor %f")
    (folder / "settings").mkdir()
    (folder / "settings" / "gitconfig").write_text("[core]\n")
    return folder


@pytest.fixture
def outer(tmp_path: Path, outer_template: Path) -> Path:
    return shutil.copytree(outer_template, tmp_path / "outer", symlinks=True)


def work(folder: Path) -> None:
    """What a user does next, whatever comes of it."""
    for command in ("status", "diff", "add ."):
        subprocess.run(["git", *command.split()], cwd=folder, check=False, capture_output=True)


RUNS = "printf '#!/bin/sh\\ntouch {mark}\\n'"
OBEYS = "printf '\\n[core]\\nfsmonitor = touch {mark}\\n'"
CONFIG = "git config core.fsmonitor 'touch {mark}; false'"
HOOK = "tools/hooks/post-index-change"
MODULE = f"sed -i /worktree/d config; {OBEYS} >> config"
MADE = (
    f"(mkdir -p {{git}} && cd {{git}} && cp -r {{outer}}/.git/modules/libs/inner/* . && {MODULE})"
)
ATTACKS = [
    CONFIG,
    f"{OBEYS} >> .git/config",
    f"mv .git .g; cp -r .g .git; {CONFIG}",
    f"rm -rf .git; git init -q; {CONFIG}",
    f"cp -r .git evil; {OBEYS} >> evil/config; echo ../evil > .git/commondir",
    f"{RUNS} > {HOOK}; chmod +x {HOOK}",
    f"mv tools t; mkdir -p tools/hooks; {RUNS} > {HOOK}; chmod +x {HOOK}",
    f"mv tools/hooks tools/h; mkdir tools/hooks; {RUNS} > {HOOK}; chmod +x {HOOK}",
    f"{RUNS} > tools/monitor; echo '* filter=x' > .gitattributes; echo x > file",
    f"{OBEYS} > settings/gitconfig",
    f"mv settings s; mkdir settings; {OBEYS} > settings/gitconfig",
    f"mkdir late; {OBEYS} > late/gitconfig",
    f"cd libs/inner; {CONFIG}",
    f"mv .git/modules .git/m; cp -r .git/m .git/modules; cd libs/inner; {CONFIG}",
    f"rm libs/inner/.git; {MADE.replace('{git}', 'libs/inner/.git')}",
    f"mv libs l; cp -r l libs; rm libs/inner/.git; {MADE.replace('{git}', 'libs/inner/.git')}",
    f"{MADE.replace('{git}', 'evil')}; echo gitdir: ../../evil > libs/inner/.git",
    MADE.replace("{git}", "libs/empty/.git"),
    f"rmdir libs/empty; {MADE.replace('{git}', 'libs/empty/.git')}",
    f"{MADE.replace('{git}', 'n/.git')}; git add n",
    f"{MADE.replace('{git}', 'n/.git')};"
    " git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),n",
]


@pytest.mark.parametrize("attack", ATTACKS)
async def test_nothing_that_a_command_does_runs_by_the_next_git(outer: Path, attack: str) -> None:
    mark = outer / "mark"

    await inside(outer, attack.format(mark=mark, outer=outer))
    work(outer)

    assert not mark.exists()
    assert git(outer, "log", "--format=%s") == "first\n"


@pytest.mark.parametrize("attack", ATTACKS)
def test_each_of_them_would_run_by_it_outside_of_a_sandbox(outer: Path, attack: str) -> None:
    mark = outer / "mark"
    script = attack.format(mark=mark, outer=outer)

    subprocess.run(["bash", "-c", script], cwd=outer, check=False, capture_output=True)
    mark.unlink(missing_ok=True)
    work(outer)

    assert mark.exists()


@pytest.mark.parametrize(
    "made", [".git", ".git/commondir", ".mcp.json", ".parallel-agents/config.toml", "hooks/x"]
)
@pytest.mark.parametrize(
    "then", ["true", "chmod a-w .", "chmod a-w $(dirname {made})", "chmod 0 $(dirname {made})"]
)
async def test_what_programs_of_the_user_would_obey_does_not_stay(
    tmp_path: Path, made: str, then: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    if made.startswith("hooks"):
        git(folder, "init", "-q")
        git(folder, "config", "core.hooksPath", "hooks")
    script = f"mkdir -p $(dirname {made}); echo x > {made}; {then.format(made=made)}"

    end = await inside(folder, script)

    assert not (folder / made.partition("/")[0]).exists() or made.startswith("hooks")
    assert not (folder / made).exists()
    assert "[not allowed here, and renamed: " in end.output


@pytest.mark.parametrize("links", [1, 40, 41, 60])
async def test_hooks_behind_links_are_held_or_the_folder_is_refused(
    tmp_path: Path, links: int
) -> None:
    folder = tmp_path / "folder"
    (folder / "l" / "hooks").mkdir(parents=True)
    git(folder, "init", "-q")
    git(folder, "config", "core.hooksPath", f"l/{links}")
    (folder / "l" / "0").symlink_to("hooks")
    for number in range(1, links + 1):
        (folder / "l" / str(number)).symlink_to(str(number - 1))

    script = "echo x > l/hooks/x && echo CHANGED; ln -sfn / l/0 && echo CHANGED; true"
    try:
        end = await inside(folder, script)
    except SandboxRefused:
        assert links >= 40
    else:
        assert "CHANGED" not in end.output


@pytest.mark.parametrize(
    "command",
    [
        "tools/clean.sh",
        "tools/clean.sh;",
        "tools/clean.sh|cat",
        "sh <tools/clean.sh",
        "F=tools/clean.sh; $F",
        "$PWD/tools/clean.sh %f",
        '"$(git rev-parse --show-toplevel)/tools/clean.sh"',
        "{folder}/tools/clean.sh",
        "sh -c 'exec tools/clean.sh'",
    ],
)
async def test_a_program_that_a_setting_names_is_held(repository: Path, command: str) -> None:
    (repository / "tools").mkdir()
    (repository / "tools" / "clean.sh").write_text("cat")
    git(repository, "config", "filter.x.clean", command.replace("{folder}", str(repository)))

    end = await inside(repository, "echo x > tools/clean.sh && echo CHANGED; true")

    assert "CHANGED" not in end.output


async def test_the_hooks_that_husky_runs_are_held(repository: Path) -> None:
    (repository / ".husky" / "_").mkdir(parents=True)
    git(repository, "config", "core.hooksPath", ".husky/_")

    end = await inside(repository, "echo x > .husky/pre-commit && echo CHANGED; true")

    assert "CHANGED" not in end.output


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL"])
async def test_the_users_configuration_is_where_they_have_it(
    repository: Path, tmp_path: Path, variable: str
) -> None:
    config = tmp_path / "user" / "git" / "config"
    config.parent.mkdir(parents=True)
    config.write_text("[core]\nhooksPath = .githooks\n")
    where = config if variable == "GIT_CONFIG_GLOBAL" else tmp_path / "user"
    (repository / ".githooks").mkdir()

    end = await inside(
        repository,
        "echo x > .githooks/pre-commit && echo CHANGED; true",
        variables={**os.environ, variable: str(where)},
    )

    assert "CHANGED" not in end.output


async def test_what_the_user_sets_between_two_commands_holds_for_the_second(
    repository: Path,
) -> None:
    (repository / "hooks").mkdir()

    end = await inside(
        repository,
        "echo x > hooks/pre-commit && echo CHANGED; true",
        between=lambda: git(repository, "config", "core.hooksPath", "hooks"),
    )

    assert "CHANGED" not in end.output


async def test_a_submodule_that_the_user_adds_between_two_commands_is_held(
    repository: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "with submodule"
    folder.mkdir()
    git(folder, "init", "-q")

    end = await inside(
        folder,
        "rm sub/.git && echo CHANGED; true",
        between=lambda: git(folder, "submodule", "add", "-q", str(repository), "sub"),
    )

    assert "CHANGED" not in end.output


async def test_hooks_behind_a_link_that_comes_later_are_not_found(tmp_path: Path) -> None:
    folder, mark = tmp_path / "folder", tmp_path / "mark"
    (folder / "tools").mkdir(parents=True)
    (folder / "c" / "d").mkdir(parents=True)
    git(folder, "init", "-q")
    git(folder, "config", "core.hooksPath", "tools/git/hooks")

    await inside(folder, "ln -s ../c/d tools/x; ln -s x/../b tools/git")
    hook = "c/b/hooks/post-index-change"
    await inside(folder, f"mkdir -p c/b/hooks; {RUNS.format(mark=mark)} > {hook}; chmod +x {hook}")
    work(folder)

    assert not mark.exists()


async def test_what_does_not_stay_is_not_looked_for_behind_a_link(tmp_path: Path) -> None:
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    for path in (folder, outside):
        path.mkdir()
    (outside / "hooks").mkdir()
    git(folder, "init", "-q")
    git(folder, "config", "core.hooksPath", "late/hooks")

    end = await inside(folder, f"ln -s '{outside}' late")

    assert list(outside.iterdir()) == [outside / "hooks"]
    assert not (folder / "late").is_symlink()
    assert "[not allowed here, and renamed: " in end.output


@pytest.mark.parametrize("change", ["rm .mcp.json; echo x > .mcp.json", "ln -sfn other .mcp.json"])
async def test_a_link_that_programs_obey_is_restored(tmp_path: Path, change: str) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "servers.json").write_text("{}")
    (tmp_path / ".mcp.json").symlink_to("tools/servers.json")

    end = await inside(tmp_path, f"echo x > tools/servers.json && echo WROTE; {change}")

    assert (tmp_path / ".mcp.json").readlink() == Path("tools/servers.json")
    assert (tmp_path / "tools" / "servers.json").read_text() == "{}"
    assert "WROTE" not in end.output


@pytest.mark.parametrize("made", ["commondir", "config.worktree"])
async def test_what_leads_git_elsewhere_does_not_stay_in_a_copy(
    repository: Path, made: str
) -> None:
    end = await inside(repository, f"echo x > .git/{made}; chmod a-w .git", is_own_folder=True)

    assert not (repository / ".git" / made).exists()
    assert "[not allowed here, and renamed: " in end.output


@pytest.mark.parametrize(
    "attack",
    [
        "git config core.fsmonitor x",
        "echo x > .git/hooks/pre-commit",
        "mv .git g; mkdir .git",
        "mv .git/hooks .git/h",
        "rm .git/config",
    ],
)
async def test_a_copy_cannot_change_what_its_repository_obeys(
    repository: Path, attack: str
) -> None:
    end = await inside(repository, f"{attack} && echo CHANGED; true", is_own_folder=True)

    assert "CHANGED" not in end.output


@pytest.mark.parametrize("place", [".", "objects", "hooks"])
async def test_the_inside_of_a_repository_is_refused(repository: Path, place: str) -> None:
    with pytest.raises(SandboxRefused, match="inside of a repository"):
        await inside(repository / ".git" / place, "true")


async def test_repositories_below_a_folder_are_guarded(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "mirrors/x.git")
    folder = repository.name
    end = await inside(
        tmp_path,
        f"cd '{folder}' && git log --oneline | wc -l; for f in '../{folder}/.git' ../mirrors/x.git;"
        " do echo x >> $f/config && echo CHANGED; mv $f $f.moved && echo CHANGED; done;"
        f" mv '../{folder}' ../moved && echo CHANGED; true",
    )

    assert end.output.startswith("1\n")
    assert "CHANGED" not in end.output


@pytest.mark.parametrize(
    "attack",
    [
        "mv conf c; cat c/.env",
        "mv data d; cat d/keys/k",
        "cp -r conf c; cat c/.env",
        "ln -s conf c; cat c/.env",
        "ln conf/.env e; cat e",
    ],
)
async def test_what_is_hidden_is_not_found_under_another_name(tmp_path: Path, attack: str) -> None:
    for name in ("conf/.env", "data/keys/k"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("SECRET")
    hidden = {"conf/.env", "data/keys"}

    first = await inside(tmp_path, f"{attack}; true", hides=hidden.__contains__)
    later = await inside(tmp_path, "cat */.env */keys/k c e; true", hides=hidden.__contains__)

    assert "SECRET" not in first.output + later.output


async def test_no_stray_file_is_left_in_the_folder(repository: Path) -> None:
    before = names(repository)

    await inside(repository, "true", hides=lambda path: path == "no such file")

    assert names(repository) == before


async def test_a_repository_behind_a_link_is_refused(tmp_path: Path, repository: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / ".git").symlink_to(repository / ".git")

    with pytest.raises(SandboxRefused, match=r"\.git is a link"):
        await inside(folder, "true")


async def test_a_folder_that_holds_a_home_is_refused() -> None:
    with pytest.raises(SandboxRefused, match="cannot be given to a sandbox"):
        await inside(Path.home(), "true")


async def test_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SandboxRefused, match="there is no folder"):
        await inside(tmp_path / "missing", "true")
