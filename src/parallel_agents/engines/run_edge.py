"""Run edge: what a runner raises ends its run, and no other one of the process."""

from __future__ import annotations

import logging

from parallel_agents.containment.calls import describe
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.core.runner import Activation, Runner
from parallel_agents.engines.live_run import ends_more_than_a_run
from parallel_agents.errors import LeftRun, PagentsError, RunCrashed, StoreError

_log = logging.getLogger(__name__)


async def run_to_end(runner: Runner, activation: Activation) -> None:
    """Have a run executed; an error of the run's own is its outcome.

    Raises:
        LeftRun: the run has not ended, and this process executes it no longer.
        StoreError: the store has failed.
    """
    run, journal = activation.claim.run.id, activation.journal
    try:
        await runner.run(activation)
    except (StoreError, LeftRun):
        raise
    except PagentsError as error:
        await journal.finish(Outcome(status=RunStatus.FAILED, error=Failure.of(error)))
    except BaseException as bug:  # a bug ends one run, not its team
        if ends_more_than_a_run(bug):
            raise
        _log.exception("run %s crashed", run)
        crash = RunCrashed(describe(bug), why="a bug", hint="please report it with the log")
        await journal.finish(Outcome(status=RunStatus.FAILED, error=Failure.of(crash)))
