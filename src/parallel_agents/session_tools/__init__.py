"""Session tools: the verbs as tools, by the contract of OpenClaw's session tools.

What both of its generations take is taken here, in camelCase or snake_case, and answered in the
later one's shapes with the earlier one's fields beside them. `docs/session-tools.md` has the table.
"""

from __future__ import annotations
