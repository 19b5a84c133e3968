"""Session tools: the verbs as tools, by the contract of OpenClaw's session tools.

The tools accept what both generations of the contract accept, in camelCase or snake_case. They
answer in the shapes of the later one, with the fields of the earlier one added.
`docs/session-tools.md` has the table.
"""

from __future__ import annotations
