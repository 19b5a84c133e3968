"""The first process of a container, as the first of a namespace of processes."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import pytest

UNSHARE = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc")
BEGIN = """
import os, signal, sys, time
from parallel_agents.first_process import leave_first_process
leave_first_process()
"""


@cache
def why_no_namespace() -> str:
    try:
        done = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unshare is not installed"
    return done.stderr


def run_as_first(code: str) -> subprocess.CompletedProcess[str]:
    if why := why_no_namespace():
        pytest.skip(why)
    command = [*UNSHARE, sys.executable, "-c", BEGIN + code]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)


def test_what_others_leave_is_reaped_and_the_exit_code_is_that_of_the_command() -> None:
    ended = run_as_first("""
heard, told = os.pipe()
if os.fork() == 0:
    left = os.fork()
    if left == 0:
        os._exit(0)
    os.write(told, str(left).encode())
    os._exit(0)
left = int(os.read(heard, 9))
os.wait()
while os.path.exists(f"/proc/{left}"):
    time.sleep(0.01)
print(os.getpid() > 1, os.getppid())
sys.exit(7)
""")

    assert ended.stdout == "True 1\n"
    assert ended.returncode == 7


def test_a_signal_is_passed_on_to_the_command() -> None:
    ended = run_as_first("""
signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
os.kill(1, signal.SIGTERM)
while True:
    signal.pause()
""")

    assert ended.returncode == 5


def test_a_command_that_a_signal_ends_has_the_exit_code_that_shells_give_it() -> None:
    ended = run_as_first("os.kill(os.getpid(), signal.SIGKILL)")

    assert ended.returncode == 137
