"""Whoever opens a file that somebody else has named asks first whether it is a database in use."""

from __future__ import annotations

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "parallel_agents"
# Modules whose files are their own, or of this package or of the system, or that ask by themselves.
OWN = frozenset(
    {
        "agent_versions/registry.py",
        "agent_versions/version_files.py",
        "app/alert_states.py",
        "app/distant.py",
        "app/map_files.py",
        "app/map_out.py",
        "app/received_file.py",
        "app/references.py",
        "artifacts.py",
        "clock.py",
        "configuring/config_file.py",
        "containment/warden_program.py",
        "content_folder.py",
        "database_files.py",
        "engines/ownership.py",
        "files.py",
        "folder.py",
        "live_text/folder.py",
        "maps/regular_file.py",
        "maps/results.py",
        "maps/results_file.py",
        "models/failures/kinds.py",
        "models/lessons.py",
        "models/local/fetch.py",
        "models/local/keeping/keeper.py",
        "models/local/known.py",
        "models/local/machine.py",
        "models/local/part.py",
        "models/local/sources.py",
        "models/presets.py",
        "quality/calibration.py",
        "quality/judge_registry.py",
        "sandbox/aside.py",
        "sandbox/cgroup.py",
        "sandbox/relay_inside.py",
        "sandbox/repository.py",
        "secrets/looking_up.py",
        "setting_sources.py",
        "stores/queries.py",
        "stores/recent_names.py",
        "stores/sqlite_backups.py",
        "stores/sqlite_copies.py",
        "surfaces/boards.py",
        "surfaces/cli/agent_templates.py",
        "surfaces/cli/completion.py",
        "surfaces/cli/docs.py",
        "surfaces/cli/editor.py",
        "surfaces/cli/map_rows_given.py",
        "surfaces/cli/map_shown.py",
        "surfaces/cli/metrics.py",
        "surfaces/cli/plan_editor.py",
        "surfaces/cli/plans.py",
        "surfaces/cli/streams.py",
        "surfaces/cli/templates.py",
        "surfaces/cli/worker_health.py",
        "surfaces/completion/answering.py",
        "surfaces/completion/live_names.py",
        "surfaces/gateway/description.py",
        "surfaces/gateway/map_routes.py",
        "surfaces/gateway/pages.py",
        "surfaces/http/token_file.py",
        "surfaces/plugins/content.py",
        "surfaces/plugins/entries.py",
        "surfaces/plugins/owned_files.py",
        "telemetry/place.py",
        "testing/provider.py",
        "tools/web/engines.py",
        "trust.py",
        "views/exports/bundle.py",
        "views/exports/page.py",
        "workspaces/applying.py",
        "workspaces/blobs.py",
        "workspaces/borrowing.py",
        "workspaces/copying.py",
        "workspaces/record.py",
        "workspaces/rooted.py",
    }
)
OPENING = frozenset({"open", "read_bytes", "read_text"})


def opens_files(call: ast.AST) -> bool:
    """Whether a call opens a file by its path: `open(path)`, `path.open("rb")`, `path.read_text()`."""
    if not isinstance(call, ast.Call):
        return False
    match call.func:
        case ast.Name(id="open"):
            return True
        case ast.Attribute(attr="open", value=ast.Name(id="os")):
            return True
        case ast.Attribute(attr="open", value=ast.Name(id="webbrowser" | "store" | "self")):
            return False
        case ast.Attribute(attr="open"):
            first = call.args[0] if call.args else None
            return isinstance(first, ast.Constant) and isinstance(first.value, str)
        case ast.Attribute(attr=name):
            return name in OPENING
        case _:
            return False


def test_a_file_that_somebody_has_named_is_opened_by_the_function_that_asks_for_databases() -> None:
    """A module that is not in the list uses `database_files.open_given`, or `tools/files`' folders."""
    texts = {
        str(file.relative_to(SOURCE)): file.read_text("utf-8") for file in SOURCE.rglob("*.py")
    }
    found = {
        name
        for name, text in texts.items()
        if any(f"{each}(" in text for each in OPENING)  # parsing all takes seconds
        if any(map(opens_files, ast.walk(ast.parse(text))))
    }

    assert found - OWN == set(), "use database_files.open_given for paths that are given"
    assert OWN - found == set(), "these open no file any more"
