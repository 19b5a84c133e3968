"""Top keys: what each key of the live terminal does, and how that is told."""

from __future__ import annotations

from textual.binding import Binding

from parallel_agents.surfaces.cli.top_pins import DIGITS

KEY_COLUMN = 14
BINDINGS = (
    Binding("q,ctrl+c", "quit", priority=False),
    Binding("escape", "leave_view", priority=True),
    Binding("enter", "open"),
    Binding("s", "type_line('steer')"),
    Binding("a", "type_line('answer')"),
    Binding("slash", "type_line('filter')"),
    Binding("x", "kill"),
    Binding("p", "pause"),
    Binding("r", "retry"),
    Binding("full_stop", "apply"),
    Binding("exclamation_mark", "problems"),
    Binding("t", "view('timeline')"),
    Binding("i", "view('inbox')"),
    Binding("d", "view('dead letters')"),
    Binding("c", "view('cost today')"),
    Binding("h", "view('health')"),
    Binding("question_mark", "view('keys')"),
    Binding("y", "yes_or_copy"),
    Binding("w", "page"),
    *(Binding(digit, f"pin('{digit}')") for digit in DIGITS),
)
_HINTS = ("enter open", "s steer", "a answer", "x kill", "p pause", "/ filter", "! problems")
_LAST_HINTS = ("? keys", "q leave")
KEYS = """\
up down j k   move; below is what the session did last
enter         open or close a team
s             type a message to the session; enter sends it before its next model call
a             answer what it asks: allow, deny, or a text
x             kill: shows what would end, and y ends it
p             pause the session and all below it; again: they go on
r             in the dead letters: run the task again, after y
.             apply changes that wait while you move
!             only what needs you, failed or stopped
/             filter by label, agent or id
t i d c h     timeline of the session's team, inbox, dead letters, cost today, health
y             copy the command for the session
w             open the page of the session in a browser
1 to 9        pin the session to a digit, which leads back to it; again takes the pin off
escape        back
q             leave; what is live continues"""


def hints_for(width: int) -> str:
    """The keys that fit into a line; those that lead to all others, and out, always do."""
    for shown in range(len(_HINTS), 0, -1):
        text = "  ".join((*_HINTS[:shown], *_LAST_HINTS))
        if len(text) <= width:
            return text
    return "  ".join(_LAST_HINTS)
