"""Odd values that the Python interface takes, by parameter, since somebody may mean them."""

from __future__ import annotations

from collections.abc import Mapping

TEXT, NUMBER, FLAG, NOTHING = "'x'", "5", "True", "None"
TEXTS, FUNCTIONS = {TEXT, "''"}, {"print", "int"}
OBJECTS = {NOTHING, "{}", "{'a': 1}"}
# What may be meant, by function and parameter; all else is refused.
TAKEN: Mapping[str, set[str]] = {
    "Care.backup on_progress": {"print"},
    "Care.named names": {"[]"},
    "Care.prune is_named": {FLAG},
    "Care.prune on_step": FUNCTIONS,
    "Care.prune trees": {"[]"},
    "Care.vacuum on_pages": FUNCTIONS,
    "Care.vacuum while_running": {FLAG},
    "OpenSessions.artifacts session": {TEXT},
    "OpenSessions.batch items": {"[]"},
    "OpenSessions.batch key": {NOTHING, TEXT},
    "OpenSessions.batch model": {NOTHING},
    "OpenSessions.batch size": {NUMBER},
    "OpenSessions.dead_letters chosen": {NOTHING},
    "OpenSessions.drop dead_letters": {"[]"},
    "OpenSessions.follow session": {TEXT},
    "OpenSessions.fork at": {NOTHING},
    "OpenSessions.fork call": {NOTHING},
    "OpenSessions.fork result": {NOTHING},
    "OpenSessions.fork budget": {NUMBER},
    "OpenSessions.fork key": {NOTHING},  # x is the key of a team
    "OpenSessions.fork label": {NOTHING, TEXT},
    "OpenSessions.fork model": {NOTHING},
    "OpenSessions.fork text": {NOTHING, TEXT},
    "OpenSessions.fork workspace": {NOTHING},
    "OpenSessions.history after": {NUMBER},
    "OpenSessions.history limit": {NOTHING, NUMBER},
    "OpenSessions.history name": {TEXT},
    "OpenSessions.kill dry_run": {FLAG},
    "OpenSessions.kill name": {TEXT},
    "OpenSessions.pause name": {TEXT},
    "OpenSessions.unpause name": {TEXT},
    "OpenSessions.list chosen": {NOTHING},
    "OpenSessions.pool agent": {TEXT, "''"},  # an unknown one is refused with the first task
    "OpenSessions.pool idle": {NOTHING, NUMBER},
    "OpenSessions.pool model": {NOTHING, TEXT},
    "OpenSessions.pool name": {TEXT},
    "OpenSessions.pool size": {NUMBER},
    "OpenSessions.retry afresh": {FLAG},
    "OpenSessions.retry current": {FLAG},
    "OpenSessions.retry input": {NOTHING, "{}"},
    "OpenSessions.retry model": {NOTHING},
    "OpenSessions.retry text": {NOTHING},
    "OpenSessions.send files": {"[]"},
    "OpenSessions.send input": OBJECTS,
    "OpenSessions.send on_text": FUNCTIONS | {NOTHING},
    "OpenSessions.send text": {TEXT},
    "OpenSessions.spawn on_text": FUNCTIONS | {NOTHING},
    "OpenSessions.spawn parent": {NOTHING, TEXT},
    "OpenSessions.state session": {TEXT},
    "OpenSessions.spawn_flow budget": {NUMBER},
    "OpenSessions.spawn_flow input": {NOTHING, "{}"},
    "OpenSessions.spawn_flow key": {NOTHING},  # x is the key of a team
    "OpenSessions.spawn_flow max_parallel": {NOTHING, NUMBER},
    "OpenSessions.spawn_flow model": {NOTHING, TEXT},
    "OpenSessions.spawn_flow tags": {"[]"},
    "OpenSessions.spawn_flow timeout": {NOTHING, NUMBER},
    "OpenSessions.spawn_team tags": {"[]"},
    "OpenSessions.spawn_team key": {NOTHING, TEXT},
    "OpenSessions.listen on_text": FUNCTIONS,
    "OpenSessions.steer text": {TEXT},
    "OpenSessions.team_result handle": {TEXT},
    "OpenSessions.wait handles": {"[]"},
    "OpenSessions.wait timeout": {NOTHING, NUMBER},
    "SessionHandle.fork at": {NOTHING},
    "SessionHandle.fork call": {NOTHING},
    "SessionHandle.fork result": {NOTHING},
    "SessionHandle.fork key": {NOTHING},
    "SessionHandle.fork model": {NOTHING},
    "SessionHandle.fork text": {NOTHING, TEXT},
    "SessionHandle.listen on_text": FUNCTIONS,
    "SessionHandle.send files": {"[]"},
    "SessionHandle.send input": OBJECTS,
    "SessionHandle.send on_text": FUNCTIONS | {NOTHING},
    "SessionHandle.send text": {TEXT},
    "SessionHandle.steer text": {TEXT},
    "SessionHandle.wait timeout": {NOTHING, NUMBER},
    "ResolvingWorkspaces.clean dry_run": {FLAG},
    "ResolvingWorkspaces.clean everything": {FLAG},
    "ResolvingWorkspaces.clean names": {"[]"},
    "ResolvingWorkspaces.on_behalf via": TEXTS,
    "Pool.run input": OBJECTS,
    "Pool.run key": {NOTHING, TEXT},
    "Pool.run text": {TEXT},
    "pa.stream tasks": {"[]"},
    **{
        f"pa.{name} {parameter}": taken
        for name in ("run", "arun", "stream")
        for parameter, taken in {
            "budget": {NUMBER},
            "flows": {"[]"},
            "gates": {"[]"},
            "home": {NOTHING, TEXT},
            "key": {NOTHING, TEXT},
            "max_parallel": {NOTHING, NUMBER},
            "min_done": {NOTHING},
            "model": {NOTHING},
            "progress": {FLAG},
            "settings": {NOTHING, "{}"},
            "tags": {"[]"},
            "timeout": {NOTHING, NUMBER},
            "tools": {"[]"},
        }.items()
    },
    **{
        f"pa.{name} {parameter}": taken
        for name in ("map", "amap")
        for parameter, taken in {
            "agents": {"[]"},
            "budget": {NUMBER},
            "flows": {"[]"},
            "gates": {"[]"},
            "home": {NOTHING, TEXT},
            "items": {"[]"},
            "key": {NOTHING, TEXT},
            "max_parallel": {NOTHING, NUMBER},
            "model": {NOTHING},
            "progress": {FLAG},
            "settings": {NOTHING, "{}"},
            "tags": {"[]"},
            "text": {TEXT},
            "timeout": {NOTHING, NUMBER},
            "tools": {"[]"},
        }.items()
    },
    **{
        f"testing.{place}": taken
        for place, taken in {
            "ScriptedModel latency_seconds": {NUMBER},
            "ScriptedModel name": {TEXT},
            "ScriptedModel replies": {"[]"},
            "RepliesWith answer": FUNCTIONS,
            "RepliesWith latency_seconds": {NUMBER},
            "RepliesWith name": {TEXT},
            "LoopbackProvider keeps_requests": {FLAG},
            "LoopbackProvider log": {NOTHING},
            "LoopbackProvider port": {NUMBER},
            "Simulated seed": {NUMBER},
            "MemoryStore dead_letter_seconds": {NUMBER},
            "MemoryStore now": FUNCTIONS | {NOTHING},
            "HttpError headers": {"{}"},
            "HttpError message": TEXTS,
            "HttpError status": {NUMBER, "-1"},  # a test may want a status that no server has
            "HttpError type": TEXTS,
            "Cut after_chunks": {NUMBER},
            "Garbage body": {"b'x'"},
            "Garbage content_type": TEXTS,
            "Refusal message": TEXTS,
            "Drip seconds": {NUMBER},
            "Hold is_over": FUNCTIONS,
            "Behaviour answer": FUNCTIONS,
            "Behaviour chunk_characters": {NUMBER},
            "Behaviour fault": FUNCTIONS,
            "Behaviour latency_seconds": {NUMBER},
            "Behaviour usage": FUNCTIONS,
            "Day expensive_after": {NOTHING, NUMBER, "-1"},
            "Day name": TEXTS,
            "Day shares": {"{}"},
            "Day storms": {NOTHING},
            "first count": {NUMBER},
            "open_rig agents": {"[]"},
            "open_rig gates": {NOTHING, "{}"},
            "open_rig store": {NOTHING},
            "open_rig tools": {"[]"},
            "make_answer schema": {"{}", "{'a': 1}"},
        }.items()
    },
    **{
        f"pa.{name} {parameter}": taken
        for name in ("run_flow", "arun_flow")
        for parameter, taken in {
            "agents": {"[]"},
            "budget": {NUMBER},
            "gates": {"[]"},
            "home": {NOTHING, TEXT},
            "input": {NOTHING, "{}"},
            "key": {NOTHING, TEXT},
            "max_parallel": {NOTHING, NUMBER},
            "model": {NOTHING, TEXT},
            "models": {NOTHING, "{}"},
            "progress": {FLAG},
            "settings": {NOTHING, "{}"},
            "tags": {"[]"},
            "timeout": {NOTHING, NUMBER},
            "tools": {"[]"},
        }.items()
    },
    **{
        f"pa.{name} {parameter}": taken
        for name in ("do", "ado")
        for parameter, taken in {
            "agents": {"[]"},
            "budget": {NUMBER},
            "flows": {"[]"},
            "gates": {"[]"},
            "goal": {TEXT},
            "home": {NOTHING, TEXT},
            "input": OBJECTS,
            "is_asked": {"True"},
            "key": {NOTHING, TEXT},
            "max_parallel": {NOTHING, NUMBER},
            "max_steps": {NOTHING, NUMBER},
            "model": {NOTHING},
            "only": {"[]"},
            "plan": {NOTHING},
            "replans": {NUMBER},
            "progress": {FLAG},
            "settings": {NOTHING, "{}"},
            "tags": {"[]"},
            "timeout": {NOTHING, NUMBER},
            "tools": {"[]"},
        }.items()
    },
    **{
        f"pa.{name} {parameter}": taken
        for name in ("create_agent", "acreate_agent")
        for parameter, taken in {
            "budget": {NUMBER},
            "home": {NOTHING, TEXT},
            "key": {NOTHING, TEXT},
            "model": {NOTHING, TEXT},
            "models": {NOTHING, "{}"},
            "name": {TEXT},
            "purpose": {TEXT},
            "settings": {NOTHING, "{}"},
            "tags": {"[]"},
        }.items()
    },
    **{
        f"pa.{name} {parameter}": taken
        for name in ("run_plan", "arun_plan")
        for parameter, taken in {
            "budget": {NUMBER},
            "gates": {"[]"},
            "home": {NOTHING, TEXT},
            "input": {NOTHING, "{}"},
            "key": {NOTHING, TEXT},
            "max_parallel": {NOTHING, NUMBER},
            "model": {NOTHING},
            "progress": {FLAG},
            "settings": {NOTHING, "{}"},
            "tags": {"[]"},
            "timeout": {NOTHING, NUMBER},
            "tools": {"[]"},
        }.items()
    },
    **{
        f"pa.{name} {parameter}": taken
        for name in ("map_rows", "amap_rows", "price_rows", "aprice_rows")
        for parameter, taken in {
            "agents": {"[]"},
            "batch": {NUMBER},
            "budget": {NUMBER},
            "by": {NOTHING},
            "cache_seconds": {NOTHING, NUMBER},
            "flows": {"[]"},
            "format": {NOTHING},
            "gates": {"[]"},
            "home": {NOTHING, TEXT},
            "inputs": OBJECTS,
            "key": {NOTHING, TEXT},
            "limit": {NOTHING, NUMBER},
            "max_parallel": {NOTHING, NUMBER},
            "model": {NOTHING},
            "out": {NOTHING},
            "reduce": {NOTHING},
            "reduce_text": {TEXT},
            "refine": {NOTHING},
            "row_gates": {"[]"},
            "settings": {NOTHING, "{}"},
            "tags": {"[]"},
            "text": {TEXT},
            "timeout": {NOTHING, NUMBER},
            "tools": {"[]"},
        }.items()
    },
    "pa.map_rows progress": {FLAG},
    "pa.amap_rows progress": {FLAG},
    **{
        f"pa.{name} {parameter}": taken
        for name in ("export", "aexport")
        for parameter, taken in {
            "form": {NOTHING},
            "transcripts": {FLAG},
            "only_failed": {FLAG},
            "redact": {FLAG},
            "force": {FLAG},
            "home": {NOTHING},
        }.items()
    },
    **{
        f"pa.{name} {parameter}": taken
        for name in ("search", "asearch")
        for parameter, taken in {
            "phrase": {TEXT},
            "filter": {TEXT, "''"},
            "limit": {NUMBER},
            "after": {"''"},
            "home": {NOTHING, TEXT},
        }.items()
    },
    "pa.compare home": {NOTHING},
    "pa.acompare home": {NOTHING},
    "pa.record home": {NOTHING},
    "pa.arecord home": {NOTHING},
    "pa.load_plan home": {NOTHING, TEXT},
    "pa.open agents": {"[]"},
    "pa.open flows": {"[]"},
    "pa.open gates": {"[]"},
    "pa.open home": {NOTHING, TEXT},
    "pa.open max_parallel": {NOTHING, NUMBER},
    "pa.open model": {NOTHING, TEXT},
    "pa.open models": {NOTHING, "{}"},
    "pa.open settings": {NOTHING, "{}"},
    "pa.open tags": {"[]"},
    "pa.open tools": {"[]"},
}
