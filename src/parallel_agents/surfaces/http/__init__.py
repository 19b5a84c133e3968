"""What every server on an address needs: its socket, connections with time limits, and a token in a file."""

from __future__ import annotations
