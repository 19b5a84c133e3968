"""What is shown on a screen is text, whatever it begins with."""

from __future__ import annotations

from parallel_agents.core.notification import read_target
from parallel_agents.notify.desktop import desktop_command

FACTS = {"PAGENTS_EVENT": "needs_you", "PAGENTS_LABEL": "--help", "PAGENTS_NAME": "x" * 1000}


def test_an_event_is_the_title_and_what_it_is_about_the_text() -> None:
    *before, title, text = desktop_command("notify-send", FACTS)

    assert before[-1] == "--"  # what follows is no option
    assert title == "pagents: needs you"
    assert text.startswith("--help xxx")
    assert len(text) <= 200


def test_on_macos_both_are_arguments_of_a_script_and_not_part_of_it() -> None:
    command = desktop_command("osascript", FACTS)

    assert "--help" not in " ".join(command[:-1])
    assert command[-2] == "pagents: needs you"


def test_the_desktop_is_a_target() -> None:
    assert read_target("desktop").is_desktop
    assert not read_target("desktop now").is_desktop
