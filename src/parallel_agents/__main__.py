"""The command `pagents`, which is also `python -m parallel_agents`."""

from __future__ import annotations

from importlib import import_module

from parallel_agents.interpreter import leave_current_folder


def main() -> None:
    """Run the command line; its modules are searched for outside of the current folder."""
    leave_current_folder()
    import_module("parallel_agents.surfaces.cli.main").main()


if __name__ == "__main__":
    main()
