"""A program: llama.cpp's own server with a model file and a template that knows tools.

Usage: `python llama_program.py FILE`. It prints its address, and serves until its stdin closes.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

# The format of Hermes and Qwen, which the library reads back: <tool_call>{"name", "arguments"}</tool_call>.
TEMPLATE = """\
{%- for message in messages %}
{%- if message.role == "system" %}
{{- "<|im_start|>system\\n" + message.content }}
{%- if tools %}
{{- "\\n\\nCall a function like this:\\n<tool_call>\\n" }}
{{- '{"name": <name>, "arguments": <arguments>}\\n</tool_call>\\n<tools>' }}
{%- for tool in tools %}{{- "\\n" }}{{- tool | tojson }}{%- endfor %}
{{- "\\n</tools>" }}
{%- endif %}
{{- "<|im_end|>\\n" }}
{%- elif message.role == "tool" %}
{{- "<|im_start|>user\\n<tool_response>\\n" + message.content + "\\n</tool_response><|im_end|>\\n" }}
{%- elif message.tool_calls %}
{{- "<|im_start|>assistant\\n" }}
{%- for call in message.tool_calls %}
{{- '<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' }}
{{- call.function.arguments | tojson }}
{{- "}\\n</tool_call>" }}
{%- endfor %}
{{- "<|im_end|>\\n" }}
{%- else %}
{{- "<|im_start|>" + message.role + "\\n" + message.content + "<|im_end|>\\n" }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- "<|im_start|>assistant\\n" }}{%- endif %}"""
CONTEXT_TOKENS = 4096


def main() -> None:
    os.putenv("OMP_WAIT_POLICY", "passive")  # its threads do not spin while others want the core
    os.putenv("GOMP_SPINCOUNT", "1000")
    xllamacpp: Any = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    params.model_alias = {"small"}
    params.chat_template = TEMPLATE
    params.n_parallel, params.n_ctx = 1, CONTEXT_TOKENS
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.ui, params.offline, params.fit_params = False, True, False
    params.verbosity = 1
    server = xllamacpp.Server(params)  # it serves as long as somebody holds it
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()
    os._exit(0)  # the library's destructors would wait for running calls


if __name__ == "__main__":
    main()
