"""Call marks: what stands around a tool call in the text of a model, as data; every pattern is linear.

The formats are those of the models' chat templates and of the tool parsers of vLLM and SGLang: Hermes
and Qwen, Llama, Mistral, Granite, Phi, Command R, InternLM, MiniMax, Hunyuan, DeepSeek, Kimi, GLM,
Nemotron, LFM2, OLMo, Apertus, Gemma, LongCat, Step, functionary, LM Studio, ReAct, and gpt-oss.
"""

# ruff: noqa: RUF001 - the tokens of DeepSeek and Step have a bar of full width

from __future__ import annotations

import re

NAME = r"[A-Za-z_][\w.\-]{0,127}"
# `minimax:`, `seed:`, `steptml:`, `longcat_`
_SPACE = r"(?:[A-Za-z]{1,20}[:_])?"
_WRAPPER = rf"<(?i:{_SPACE}(?:tool_?calls?|function_?calls?|tool_use|tool_code|execute_tool))>"
_ENDS = r"end|suffix|sep|argument|result|response|output"
_SPECIAL = (
    rf"<[|｜](?!/|[^|｜<>\s]{{0,40}}(?i:{_ENDS}))(?=[^|｜<>\s]{{0,40}}(?i:tool|function|action|plugin|python))"
    r"[^|｜<>\s]{1,60}[|｜]?>"
)
# A word that every mark has, in lower case; a text without any of them holds no mark.
HINTS = (
    "tool",
    "function",
    "invoke",
    "action",
    "python_",
    "plugin",
    "recipient",
    ">>>",
    "<|message|>",
)
ELEMENT = re.compile(
    r"<(?P<space>(?:[A-Za-z]{1,20}:)?)(?P<tag>invoke|function|function_call|tool_call)(?P<sign>=|\s{1,8}name=)"
    r"[\"']?(?P<name>[^\"'<>\s]{1,200})[\"']?[^<>]{0,200}>"
)
OPENING = re.compile(
    r"(?P<code>`+)"
    rf"|(?P<element>{ELEMENT.pattern})"
    rf"|(?P<wrapper>{_WRAPPER}|<start_(?:of_)?function_call>)"
    rf"|(?P<special>{_SPECIAL}|\[TOOL_CALLS?\]|\[TOOL_REQUEST\]|✿FUNCTION✿:?|(?<![\w.])to=functions\.|(?<![\w.])to=(?={NAME}\s{{0,4}}<\|(?:constrain|message|channel)\|))"
    rf"|(?P<weak><(?:tools?|function)>|functools(?=\[)|<\|recipient\|>|(?<![^\n])>>>(?={NAME}\n)"
    rf"|(?<![^\n])(?:Action|Function|Tool):(?=[ \t]{{0,8}}{NAME}[ \t]{{0,8}}\n))"
)
# What may stand between a mark and the call: further marks, a fence, the kind of the call.
BEFORE = re.compile(
    rf"(?:\s|{_WRAPPER}|{_SPECIAL}|```\w{{0,20}}|function\s{{0,8}}<[|｜]tool[▁_]sep[|｜]>)*"
)
# What may follow a call, up to the next one or the end of the reply.
_CLOSER = (
    rf"</(?i:{_SPACE}(?:tool_?calls?|function_?calls?|tool_use|tool_code|execute_tool|tools?|function|invoke))>"
    rf"|<[|｜](?!(?i:start|begin))(?:/|[^|｜<>\s]{{0,40}}(?i:{_ENDS}))[^|｜<>\s]{{0,60}}[|｜]>"
    r"|<\|/[\w]{1,40}\|>|<tool_call\|>|<end_(?:of_)?function_call>|\[/TOOL_CALLS?\]|\[END_TOOL_REQUEST\]"
)
_TURN_END = (
    r"</s>|<end_of_turn>|<eos>|<｜end▁of▁sentence｜>"
    r"|<\|(?:im_end|endoftext|end_of_text|end|return|call|eot_id|eom_id)\|>"
)
CLOSER = re.compile(_CLOSER)
AFTER = re.compile(rf"(?:\s|;|,(?=\s*+[<\[{{])|{_CLOSER}|{_TURN_END}|```(?!\w))*")
ENDS_IN_CLOSER = re.compile(rf"(?:{_CLOSER}|{_TURN_END})\Z")
ENDS_A_CALL = re.compile(rf"(?!</(?:tools?|function)>|<\|/)(?:{_CLOSER})\Z")
# The beginning of a call that remains before its mark: the role and channel of gpt-oss.
_LEADING = (
    re.compile(r"<\|channel\|>\w{1,20}\Z"),
    re.compile(r"<\|start\|>(?:assistant)?\Z"),
    re.compile(rf"(?:{_WRAPPER}|{_SPECIAL})\Z"),
)
# What follows a mark that is only mentioned.
PROSE = re.compile(r"[ \t]+[a-zà-ÿ]|[,.;:!?)'\"»”’]")
_SPAN = re.compile(r"``[^\n]*?``|`[^`\n]++`")
_FENCE_END = re.compile(r"\n[ \t]{0,8}`{3,}[ \t]*+(?=\n|\Z)")
_FENCE_START = re.compile(r"```([\w-]{0,20})[ \t]{0,8}\n")
_LONGEST_LEAD = 120


def after_code(text: str, start: int, end: int) -> int:
    """Where the code ends that begins with the back-ticks from `start` to `end`; `end` if none does."""
    if end - start >= 3 and starts_line(text, start):
        closing = _FENCE_END.search(text, end)
        return closing.end() if closing else len(text)
    span = _SPAN.match(text, start)
    return span.end() if span else end


def starts_line(text: str, position: int) -> bool:
    """Whether only white space stands before a position in its line."""
    before = text[max(0, position - _LONGEST_LEAD) : position]
    line = before.rpartition("\n")[2]
    return not line.strip() and (len(line) < len(before) or position <= _LONGEST_LEAD)


def unfenced(text: str) -> tuple[str, str, str] | None:
    """What stands before the fence at the end of a text, its language, and its inside."""
    stripped = text.rstrip()
    if not stripped.endswith("```"):
        return None
    start = stripped.rfind("```", 0, len(stripped) - 3)
    opening = _FENCE_START.match(stripped, start) if start >= 0 else None
    if opening is None or not starts_line(stripped, start):
        return None
    return stripped[:start].strip(), opening.group(1), stripped[opening.end() : -3].strip()


def without_lead(text: str) -> str:
    """A text without the marks at its end, which belong to the call that follows."""
    while True:
        text = text.rstrip()
        tail = text[-_LONGEST_LEAD:]
        found = next((each for pattern in _LEADING if (each := pattern.search(tail))), None)
        if found is None:
            return text
        text = text[: len(text) - len(tail) + found.start()]
