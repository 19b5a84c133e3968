"""Row filters: the values and conditions by which a query chooses the rows of a filter."""

from __future__ import annotations

from collections.abc import Mapping

from parallel_agents.core.filter import Filter
from parallel_agents.core.unicode import canonical
from parallel_agents.stores.database import Value


def filter_values(chosen: Filter) -> Mapping[str, Value]:
    """The values of a filter, by the names that its conditions have for them."""
    return {
        "session": chosen.session,
        "run": chosen.run,
        "parent": chosen.parent,
        "agent": chosen.agent,
        "tree": chosen.tree,
        "owner": chosen.owner,
        "since": chosen.since,
        "prefix": None if chosen.prefix is None else canonical(chosen.prefix),
        "asker": chosen.asker,
        "after": chosen.after,
        "limit": chosen.limit,
        "tag": chosen.tag,
    }


def filter_conditions(chosen: Filter) -> list[str]:
    """The conditions of the query `rows` that correspond to a filter."""
    is_any_run = chosen.every_run or chosen.orphaned
    is_one_run = not is_any_run and chosen.owner is None and chosen.run is None
    found = {
        "latest": is_one_run and chosen.asker is None,
        "asked": is_one_run and chosen.asker is not None,
        "session": chosen.session is not None,
        "run": chosen.run is not None,
        "parent": chosen.parent is not None,
        "agent": chosen.agent is not None,
        "tree": chosen.tree is not None,
        "owner": chosen.owner is not None,
        "since": chosen.since is not None,
        "orphaned": chosen.orphaned,
        "roots": chosen.roots_only,
        "live": chosen.is_live is True,
        "ended": chosen.is_live is False,
        "prefix": chosen.prefix is not None,
        "after": chosen.after is not None,
        "tag": chosen.tag is not None,
    }
    return [f"rows.{name}" for name, is_wanted in found.items() if is_wanted]
