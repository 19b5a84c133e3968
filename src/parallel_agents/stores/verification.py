"""Verification: the chain and the rows, from the checkpoint of the last audit on or from the start."""

from __future__ import annotations

from parallel_agents.core.audit import Audit, ChainCheck, Checkpoint
from parallel_agents.stores.chain import check_chain
from parallel_agents.stores.database import Database
from parallel_agents.stores.projection import check_rows, settled_rows_hash
from parallel_agents.stores.rows import Rows

_MOST_AGAIN = 10_000  # events that each audit verifies again before a new checkpoint


def verify_all(rows: Rows, head: str = "") -> Audit:
    """Recompute the whole chain, and compare every row with its events."""
    chain = check_chain(rows.database, head)
    return Audit(chain=chain, rows=check_rows(rows)) if chain.is_intact else Audit(chain=chain)


def verify_new(rows: Rows, head: str = "") -> Audit:
    """Verify what came after the last checkpoint, and that nothing before it looks different.

    What an earlier audit verified is not hashed again: its number of events and bytes, its last link
    and its rows are compared with what they were. If anything differs, everything is verified.
    """
    earlier = _checkpoint(rows.database)
    if earlier is None or not _stands(rows.database, earlier):
        return verify_all(rows, head)
    chain = check_chain(rows.database, head, earlier)
    if not chain.is_intact:
        return verify_all(rows, head)
    return Audit(
        chain=chain, rows=check_rows(rows, settled_until=earlier.last_seq), earlier=earlier
    )


def is_worth_noting(audit: Audit) -> bool:
    """Whether all is intact, and enough of it new that the next audit is spared more than it costs."""
    noted = 0 if audit.earlier is None else audit.earlier.events
    is_new = audit.earlier is None or audit.chain.before + audit.chain.events - noted >= _MOST_AGAIN
    return audit.is_intact and is_new


def checkpoint_of(database: Database, chain: ChainCheck, at: float) -> Checkpoint:
    """The checkpoint at the end of a chain that was found intact, as its rows were."""
    with database.reading():
        last_seq = database.all("first_link")[0][0] + chain.events + chain.pruned.events
        count, size = database.all("size_until", (last_seq,))[0]
        return Checkpoint(
            number=chain.links,
            hash=bytes.fromhex(chain.head),
            last_seq=last_seq,
            events=count,
            bytes=size,
            rows_hash=settled_rows_hash(database, last_seq),
            at=at,
        )


def put_checkpoint(database: Database, checkpoint: Checkpoint) -> None:
    """Keep a checkpoint in place of an earlier one."""
    database.run("drop_checkpoints")
    database.run(
        "put_checkpoint",
        (
            checkpoint.number,
            checkpoint.hash,
            checkpoint.last_seq,
            checkpoint.events,
            checkpoint.bytes,
            checkpoint.rows_hash,
            checkpoint.at,
        ),
    )


def _checkpoint(database: Database) -> Checkpoint | None:
    found = database.one("checkpoint")
    kinds = (int, bytes, int, int, int, bytes, float)
    if found is None or tuple(map(type, found)) != kinds:
        return None
    number, digest, last_seq, events, size, rows_hash, at = found
    return Checkpoint(
        number=number,
        hash=digest,
        last_seq=last_seq,
        events=events,
        bytes=size,
        rows_hash=rows_hash,
        at=at,
    )


def _stands(database: Database, earlier: Checkpoint) -> bool:
    """Whether what an earlier audit verified still looks as it did."""
    with database.reading():
        size = database.all("size_until", (earlier.last_seq,))[0]
        return size == (earlier.events, earlier.bytes) and (
            settled_rows_hash(database, earlier.last_seq) == earlier.rows_hash
        )
