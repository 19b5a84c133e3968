"""The command `pagents`, which is also `python -m parallel_agents`."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module

from parallel_agents.first_process import leave_first_process
from parallel_agents.interpreter import leave_current_folder


def main() -> None:
    """Run the command line, and end the process; modules are searched for outside of the current folder."""
    try:
        _run()
    except SystemExit as ended:
        # Loaded once the current folder has been left: it loads modules of the standard library.
        import_module("parallel_agents.ending").end_process(ended)


def _run() -> None:
    leave_first_process()
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        # Python turns a KeyboardInterrupt in the middle of an import into whatever error it likes.
        signal.signal(signal.SIGINT, _end_at_once)
    leave_current_folder()
    if sys.argv[1:2] == ["__complete"]:  # at each Tab, so nothing else is loaded
        answering = import_module("parallel_agents.surfaces.completion.answering")
        answering.main(sys.argv[2:])
    gc.disable()  # what is loaded stays, so looking for garbage in it again and again finds none
    command = import_module("parallel_agents.surfaces.cli.main")

    def begin() -> None:
        signal.signal(signal.SIGINT, before)
        gc.freeze()
        gc.enable()

    command.main(begin)


def _end_at_once(*_: object) -> None:
    with suppress(OSError):  # nobody reads it
        os.write(2, b"Interrupted before it began.\n")
    os._exit(130)


if __name__ == "__main__":
    main()
