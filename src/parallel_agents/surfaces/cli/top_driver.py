"""Top driver: the keys of a terminal, whatever bytes come with them."""

from __future__ import annotations

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from typing_extensions import override


class KeyDriver(LinuxDriver):
    """Textual's driver ends the program at the first byte that is not UTF-8, as of a paste in Latin-1."""

    @override
    def run_input_thread(self) -> None:
        while not self.exit_event.is_set():
            try:
                super().run_input_thread()
            except UnicodeDecodeError:
                continue  # these bytes are not keys; those that follow are


def tell(app: App[None], sequence: str) -> None:
    """Send a sequence to the terminal in which an application is shown."""
    driver = app._driver  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - Textual has no other way
    if driver is not None:
        driver.write(sequence)
