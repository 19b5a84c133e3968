"""The command's start, before anything of it can handle a Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import signal, sys, time

class Slow:
    def find_spec(self, name, path, target=None):
        if name == wanted:
            print("importing", flush=True)
            try:
                time.sleep(3600)
            except KeyboardInterrupt as error:  # what Python does in the middle of a class
                raise RuntimeError("an error of the import") from error

signal.signal(signal.SIGINT, signal.default_int_handler)
from parallel_agents.__main__ import main
sys.meta_path.insert(0, Slow())
wanted, sys.argv = sys.argv[1], ["pagents", "list"]
main()
"""


@pytest.mark.parametrize("module", ["surfaces.cli.main", "surfaces.cli.list", "app.missing"])
def test_ctrl_c_during_the_imports_ends_as_an_interrupt_without_a_traceback(module: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, f"parallel_agents.{module}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)

    assert process.returncode == 130
    assert told == "Interrupted before it began.\n"
