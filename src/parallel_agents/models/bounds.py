"""Bounds: how large a reply may be; a larger one is cut off while it arrives, whatever is in it.

A model writes at most about a million tokens, which are 4 MB of text. A stream wraps each token in 200
to 400 bytes of JSON, and a document may write each character as six.
"""

from __future__ import annotations

from typing import Final

from parallel_agents.models.shapes import ShapeError

MOST_DOCUMENT_BYTES: Final = 16 << 20
MOST_EVENT_BYTES: Final = 16 << 20
MOST_STREAM_BYTES: Final = 256 << 20
# Of all parts together: text, reasoning, arguments, names, and what goes back to the server unseen.
MOST_CHARACTERS: Final = 8 << 20
MOST_CALLS: Final = 1_000


class TooLarge(ShapeError):
    """A reply, or a part of one, is larger than any that a model writes."""
