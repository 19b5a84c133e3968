"""Your own model server: any server that speaks OpenAI's Chat Completions, such as Ollama.

    python own_provider.py [BASE_URL] [MODEL]

You can also put the same table into `config.toml`; see docs/settings.md.
"""

from __future__ import annotations

import sys

import parallel_agents as pa

BASE_URL = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:11434/v1"
MODEL = sys.argv[2] if len(sys.argv) > 2 else "qwen2.5:7b"


def main() -> None:
    office = {
        "wire": "chat",
        "base_url": BASE_URL,
        # Add `"key": "env:NAME"` if the server needs a key; never put the key itself into a file.
        "prices": {"*": {"input_usd": 0, "output_usd": 0}},
    }
    team = pa.run(
        [pa.Task("documentation_writer", "Write a short guide to making tea")],
        model=f"office/{MODEL}",
        settings={"providers": {"office": office}, "call_timeout_seconds": 600, "tries": 3},
    )
    (result,) = team.results
    print(result.status, result.model, result.cost_usd)
    print(result.output if result.is_done else result.error)


if __name__ == "__main__":
    main()
