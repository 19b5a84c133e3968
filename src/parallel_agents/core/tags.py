"""Tags: words by which a person sorts work, such as a customer or a purpose; costs are told by them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from parallel_agents.core.cutting import head
from parallel_agents.errors import InvalidInput

MOST_TAGS = 16
# No colon or comma: a filter is written `tag:NAME`, and lists of tags are separated by commas.
_TAG = re.compile(r"\w[\w./-]{0,63}")


def check_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """The tags, each once, in order.

    Raises:
        InvalidInput: a tag is not valid, or there are too many.
    """
    found = tuple(dict.fromkeys(tags))
    for tag in found:
        if not _TAG.fullmatch(tag):
            raise InvalidInput(
                f"{head(tag, 80)!r} is not a valid tag",
                why="a tag has 1 to 64 letters, digits, dots, dashes, slashes and underscores, a "
                "letter or digit first",
                hint="choose another tag, such as nightly or customer/acme",
            )
    if len(found) > MOST_TAGS:
        raise InvalidInput(
            f"there are {len(found)} tags",
            why=f"work has at most {MOST_TAGS}",
            hint="leave some of them out",
        )
    return found
