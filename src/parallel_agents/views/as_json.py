"""As JSON: results and money as each interface prints them for machines."""

from __future__ import annotations

from collections.abc import Mapping

from parallel_agents.core.artifact import Artifact
from parallel_agents.core.run import Failure, Result
from parallel_agents.core.schema import Json
from parallel_agents.core.workspace import Changes


def result_json(found: Result) -> Mapping[str, Json]:
    """A result as `--json` prints it; an unknown cost is null."""
    usage = found.usage
    return {
        "label": found.label,
        "agent": found.agent,
        "status": found.status.value,
        "output": found.output,
        "text": found.text,
        "error": _failure_json(found.error),
        "notices": list(found.notices),
        "score": found.score,
        "changes": changes_json(found.changes),
        "artifacts": [artifact_json(each) for each in found.artifacts],
        "model": found.model,
        "usage": {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cache_read_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "cost": money_json(found.cost_usd),
        "simulated_cost": money_json(found.simulated_usd),
        "seconds": round(found.seconds, 3),
        "attempts": found.attempts,
        "session_key": found.session_key,
        "run_id": found.run_id,
    }


def money_json(usd: float | None) -> Json:
    """An amount of money; null if unknown."""
    return None if usd is None else {"amount": f"{usd:.9f}", "currency": "USD"}


def artifact_json(artifact: Artifact) -> Mapping[str, Json]:
    return {
        "id": artifact.id,
        "name": artifact.name,
        "media_type": artifact.media_type,
        "bytes": artifact.size,
    }


def changes_json(changes: Changes | None) -> Json:
    if changes is None:
        return None
    return {"files": changes.files, "added": changes.added, "removed": changes.removed}


def _failure_json(failure: Failure | None) -> Json:
    if failure is None:
        return None
    fields = {"code": failure.code, "message": failure.message}
    return {**fields, "why": failure.why, "hint": failure.hint}
