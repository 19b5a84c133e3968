"""A user's program, as a process of its own: a crew of writers under a key; what came of it as JSON.

The engine's log goes to stderr; an error of the package ends it with the error's code there.
"""

from __future__ import annotations

import logging
import sys

import orjson

import parallel_agents as pa

WRITER = pa.Agent(name="writer", description="Writes", instructions="Write.")


def main() -> int:
    home, base_url, key = sys.argv[1:4]
    count, max_parallel = map(int, sys.argv[4:6])
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("parallel_agents").setLevel(logging.DEBUG)
    try:
        result = pa.run(
            [pa.Task(WRITER, f"Part {n} of {key}.", label=f"part-{n}") for n in range(count)],
            key=key,
            model="loop/writer",
            max_parallel=max_parallel,
            home=home,
            settings={"providers": {"loop": {"wire": "chat", "base_url": base_url}}},
        )
    except KeyboardInterrupt:
        return 130
    except pa.PagentsError as error:
        sys.stderr.write(f"{error.code} {error}\n")
        return 1
    told = [(each.label, each.status, each.output) for each in result.results]
    sys.stdout.buffer.write(orjson.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
