"""The server child: llama.cpp behind its own loopback API, run by `python -m` in its own process.

Inside our process the library would block Ctrl-C until a call ends, and crash at exit while it
generates. The child reports in one line whether it serves. It ends when its stdin closes, so that
it never outlives its parent.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys
import time
from typing import NoReturn, Protocol

from parallel_agents.models.local.launch import (
    LAUNCH,
    Launch,
    NotReady,
    Ready,
    report,
    take_stdout,
)

EXIT_MISSING = 3
EXIT_FAILED = 4
_TOP_P = 0.9
_BATCH_TOKENS = 2048
_PHYSICAL_BATCH_TOKENS = 256
_PROMPT_CACHE_MIB = 256
_ERRORS_ONLY = 1
_PR_SET_PDEATHSIG = 1


class _Server(Protocol):
    listening_address: str


def main() -> NoReturn:
    """Serve until stdin closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    _die_with_parent()
    answers = take_stdout()
    launch = LAUNCH.validate_json(sys.stdin.buffer.readline())
    began = time.monotonic()
    try:
        server = _serve(launch)
    except ModuleNotFoundError as error:
        report(answers, NotReady(error=str(error), missing=error.name or ""))
        os._exit(EXIT_MISSING)
    except Exception as error:  # noqa: BLE001 - reported to the parent, whatever the library raises
        report(answers, NotReady(error=str(error)))
        os._exit(EXIT_FAILED)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    load_seconds = round(time.monotonic() - began, 2)
    report(answers, Ready(base_url=f"{server.listening_address}/v1", load_seconds=load_seconds))
    sys.stdin.buffer.read()
    # There is nothing to save, and the library's destructors would wait for running calls.
    os._exit(0)


def _die_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies, even while it loads; see prctl(2)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _serve(launch: Launch) -> _Server:
    """Load the model and open a port.

    Raises:
        ModuleNotFoundError: the runtime is not installed.
        RuntimeError: the library cannot load the file.
    """
    # libgomp reads these when it is loaded. By default its threads spin at every barrier, which
    # loses two thirds of the speed as soon as another process wants a core. A short spin before
    # sleeping keeps 97 % of the speed of a quiet machine.
    os.putenv("OMP_WAIT_POLICY", "passive")
    os.putenv("GOMP_SPINCOUNT", "1000")
    xllamacpp = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = launch.file
    params.model_alias = {launch.alias}
    params.n_parallel = launch.slots
    params.n_ctx = launch.context_tokens * launch.slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = launch.threads
    params.n_batch, params.n_ubatch = _BATCH_TOKENS, _PHYSICAL_BATCH_TOKENS
    params.no_extra_bufts = not launch.repack
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    params.sampling.top_p = _TOP_P
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.api_keys = [launch.key]
    params.cors_origins = "http://127.0.0.1"
    params.ui, params.offline, params.fit_params = False, True, False
    params.verbosity = _ERRORS_ONLY
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
