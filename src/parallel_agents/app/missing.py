"""Missing: a store that is not there yet, which is known before anything that reads stores is loaded."""

from __future__ import annotations

import logging

from parallel_agents.settings import Environment

STORE_NAME = "store.db"
_log = logging.getLogger(__name__)


def is_missing(environment: Environment) -> bool:
    """Whether nothing has been stored in the home folder; False if it cannot be known here."""
    if environment.gateway:
        return False
    try:
        return (environment.home / STORE_NAME).stat().st_size == 0
    except FileNotFoundError:
        return True
    except OSError:  # whoever opens it says why
        return False


def tell_missing(environment: Environment) -> None:
    """Say that there is no store, and that none was made."""
    _log.warning("there is no store in %s; nothing was created", environment.home)
