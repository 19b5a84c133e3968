"""Makes attacks as whoever runs it: each a line of stdin, and what came of it a line of stdout, as JSON.

It imports what is copied beside it, and needs no installed package, so that any user's Python can
run it.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import aclosing
from pathlib import Path

from parallel_agents.containment.warden import Warden
from parallel_agents.core.command import Command
from parallel_agents.sandbox.commands import LocalCommands, Surroundings
from parallel_agents.sandbox.limits import Limits

ABSTRACT = f"parallel-agents-{os.getpid()}"
KEYS = {"OPENAI_API_KEY": "sk-leak-me", "PATH": "/usr/local/bin:/usr/bin:/bin"}


def make_repository(folder: Path) -> None:
    """A repository with a commit, whose hooks are in a folder that is not there yet."""
    folder.mkdir()
    (folder / "committed").write_text("once\n")
    for command in (
        "init -q",
        "add committed",
        "-c user.name=u -c user.email=u commit -qm first",
        "config core.hooksPath late/hooks",
    ):
        subprocess.run(
            ["/usr/bin/git", *command.split()],
            cwd=folder,
            env={"HOME": str(folder.parent)},
            check=True,
        )


def prepare(folder: Path, home: Path) -> None:
    """A project beside a home with a key."""
    (home / "id_rsa").write_text("HOSTSECRET")
    (folder / "link").symlink_to(home)
    (folder / "deep").mkdir()
    for denied in (folder / "denied.txt", folder / "deep" / "denied.txt"):
        denied.write_text("DENIED-CONTENT")
    (folder / ".parallel-agents").mkdir()
    (folder / ".parallel-agents" / "config.toml").write_text("")
    (folder / ".mcp.json").write_text("{}")


def live(marker: str) -> list[str]:
    """The command lines of this user's processes that have a marker, but for zombies."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.stat().st_uid != os.getuid():
                continue
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if marker in line:
            found.append(line)
    return found


async def run(
    attack: dict[str, object], script: str, folder: Path, home: Path
) -> dict[str, object]:
    """Run the script of an attack in the sandbox."""
    limits: dict[str, int] = attack.get("limits", {})  # pyright: ignore[reportAssignmentType]
    around = Surroundings(
        variables={**KEYS, "HOME": str(home)}, homes=(home,), limits=Limits(**limits)
    )
    command = Command(
        arguments=("/bin/bash", "-c", script),
        folder=str(folder),
        timeout_seconds=float(str(attack.get("seconds", 60))),
        hides=lambda path: path.endswith("denied.txt"),
    )
    async with aclosing(Warden()) as warden:
        end = await LocalCommands(around, warden).run(command)
    marker = str(attack.get("leaves", ""))
    return {
        "ending": end.ending,
        "output": end.output,
        "left": live(marker) if marker else [],
        "uid": os.getuid(),
    }


def make(attack: dict[str, object], folder: Path, home: Path) -> dict[str, object]:
    """Make an attack beside a server on a port, and one on an abstract socket."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        abstract.bind(f"\0{ABSTRACT}")
        abstract.listen()
        script = str(attack["script"])
        for name, value in {
            "port": listening.getsockname()[1],
            "socket": ABSTRACT,
            "home": home,
            "pid": os.getpid(),
        }.items():
            script = script.replace(f"{{{name}}}", str(value))
        return asyncio.run(run(attack, script, folder, home))


def outcome(attack: dict[str, object], where: Path, repository: Path) -> dict[str, object]:
    """What came of an attack, in the output and in the folders."""
    folder, home = where / "project", where / "home"
    shutil.copytree(repository, folder)
    home.mkdir()
    prepare(folder, home)
    found = make(attack, folder, home)
    subprocess.run(["/bin/chmod", "-R", "u+rwx", where], check=True)  # it may have taken rights
    for command in ("status", "checkout -q -b another"):  # they run what the attack planted
        subprocess.run(
            ["/usr/bin/git", *command.split()],
            cwd=folder,
            env={"HOME": str(home)},
            stdout=sys.stderr,
            check=False,
        )
    there = [path.name for path in (*folder.rglob("*"), *home.iterdir())]
    return {**found, "there": there}


def main() -> None:
    os.environ.update(KEYS)
    with tempfile.TemporaryDirectory(prefix="attacker-") as kept:
        repository = Path(kept, "repository")
        make_repository(repository)
        for line in sys.stdin:
            where = Path(tempfile.mkdtemp(prefix="attack-"))
            try:
                found = outcome(json.loads(line), where, repository)
            finally:
                shutil.rmtree(where)
            sys.stdout.write(json.dumps(found) + "\n")
            sys.stdout.flush()


main()
