"""Alerting: at an engine's heartbeats, tells whom an alert names once its condition begins to hold.

That it holds is kept before anybody is told, so that it is told once, by whichever process; it is
told again only after the condition has ended. A process that dies while it tells leaves it to the
next one, and the receiver knows the second letter by its id.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import orjson

from parallel_agents.app.alert_states import (
    FOLDER_NAME,
    LOCK_NAME,
    AlertState,
    keep_states,
    read_states,
)
from parallel_agents.app.looking_after import LOOK_SECONDS
from parallel_agents.app.measuring import measure
from parallel_agents.app.notifying import FAREWELL_SECONDS, MOST_TRIES, Sends
from parallel_agents.core.alert import Alert
from parallel_agents.core.store import Store
from parallel_agents.core.stuck_rules import StuckRules
from parallel_agents.errors import InvalidInput, StoreError
from parallel_agents.lock import hold_nowait
from parallel_agents.notify.letter import Letter, NotSent

_log = logging.getLogger(__name__)


class Alerting:
    """Looks whether the conditions of alerts hold.

    Args:
        store: has the numbers.
        home: the folder that the states are kept in.
        alerts: the conditions.
        notify: whom to tell of alerts that name nobody; None for nobody.
        rules: say when a run is stuck.
        sender: sends the letters.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        store: Store,
        home: Path,
        alerts: Sequence[Alert],
        notify: str | None,
        rules: StuckRules,
        sender: Sends,
        *,
        now: Callable[[], float] | None = None,
    ) -> None:
        self._store = store
        self._home = home
        self._alerts = alerts
        self._notify = notify
        self._rules = rules
        self._sender = sender
        self._now = now or store.now
        self._looked_at = -math.inf

    async def sweep(self) -> None:
        """Look once in a while, unless another process does.

        Raises:
            StoreError: the store cannot be read.
        """
        at = asyncio.get_running_loop().time()
        if not self._alerts or at - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = at
        await self.look()

    async def say_farewell(self) -> None:
        """Look once more before this process ends; whom that takes too long to tell, the next one tells."""
        if not self._alerts:
            return
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self.look()
        except TimeoutError:
            _log.warning(
                "an alert could not be told within %g s; it is told later", FAREWELL_SECONDS
            )
        except StoreError:
            return  # the next process looks again

    async def look(self) -> None:
        """Look once, unless another process does.

        Raises:
            StoreError: the store cannot be read.
        """
        try:
            with hold_nowait(self._home / FOLDER_NAME / LOCK_NAME) as is_held:
                if is_held:
                    for alert in self._alerts:
                        await self._note(alert)
                    await self._tell_all()
        except (OSError, InvalidInput) as error:
            _log.warning("alerts cannot be kept, and nobody is told of them: %s", error)

    async def _note(self, alert: Alert) -> None:
        """Keep whether an alert begins to hold, or has ended."""
        now, condition = self._now(), alert.condition
        value = await measure(self._store, condition, self._rules, now)
        is_firing = condition.holds(value)
        before = read_states(self._home).get(alert.id)
        if is_firing == (before is not None and before.is_firing):
            return
        state = AlertState(
            when=alert.when, is_firing=is_firing, since=now, value=value, is_due=is_firing
        )
        await self._keep(alert, state)
        _log.warning("alert %s: %s is %s", "begins" if is_firing else "ended", alert.when, value)

    async def _tell_all(self) -> None:
        """Tell whom it is due to; who was tried more often waits for the others."""
        states = read_states(self._home)
        due = [
            (alert, states[alert.id])
            for alert in self._alerts
            if alert.id in states and states[alert.id].is_due
        ]
        for alert, state in sorted(due, key=lambda each: each[1].tries):
            await self._tell(alert, state)

    async def _tell(self, alert: Alert, state: AlertState) -> None:
        to = alert.to or self._notify
        tries, error, is_due = state.tries + 1, "", False
        if to is None:
            error = "it names nobody, and the setting notify is not set"
        elif tries > MOST_TRIES:
            error = "no process could wait until it was told"
        else:
            # Kept before: a process may end while it waits, and the next one counts on.
            await self._keep(alert, state.model_copy(update={"tries": tries}))
            try:
                await self._sender.send(to, _letter(alert, state, self._now()))
            except NotSent as refused:
                error, is_due = str(refused), refused.may_try_again and tries < MOST_TRIES
        if error:
            what = "tried again" if is_due else "given up"
            _log.warning("nobody is told of the alert %s, %s: %s", alert.when, what, error)
        update = {"is_due": is_due, "tries": tries, "error": error[:500]}
        await self._keep(alert, state.model_copy(update=update))

    async def _keep(self, alert: Alert, state: AlertState) -> None:
        states = read_states(self._home)
        await asyncio.to_thread(keep_states, self._home, {**states, alert.id: state})


def _letter(alert: Alert, state: AlertState, now: float) -> Letter:
    condition = alert.condition
    named = f"alert:{alert.id}:{state.since:.0f}"
    value = f"{state.value:g}"
    document = {
        "schema": "pagents.alert/1",
        "id": named,
        "event": "alert",
        "at": datetime.fromtimestamp(now, UTC).isoformat(),
        "since": datetime.fromtimestamp(state.since, UTC).isoformat(),
        "when": alert.when,
        "measure": condition.measure.value,
        "value": state.value,
        "limit": condition.number,
        "tries": state.tries + 1,
        "next": "pagents health",
    }
    return Letter(
        id=named,
        document=orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE),
        facts={
            "PAGENTS_EVENT": "alert",
            "PAGENTS_NAME": alert.when,
            "PAGENTS_STATUS": f"is {value}",
            "PAGENTS_ID": named,
        },
    )
