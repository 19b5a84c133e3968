"""Known cost: what a run cost, unless nobody knows; unknown is never zero."""

from __future__ import annotations

from parallel_agents.core.run import Run, RunStatus
from parallel_agents.core.usage import Spend

_NOTHING = Spend()
# A run that ends so has counted its calls, or was refused the first.
_COUNTED = frozenset({RunStatus.DONE, RunStatus.OVER_BUDGET})


def is_uncounted(run: Run) -> bool:
    """Whether a run may have made a call although none was counted, as when it was cut off in its first.

    A team or a flow makes none itself, nor does a run that never began.
    """
    may_have_called = run.attempts > 0 and not run.kind.is_group
    is_cut_off = run.status.is_over and run.status not in _COUNTED
    return may_have_called and is_cut_off and run.spend == _NOTHING


def known_cost(run: Run, spend: Spend) -> float | None:
    """What of a run cost in USD; None if a price is unknown, or nobody knows whether it made a call."""
    return None if is_uncounted(run) else spend.cost_usd
