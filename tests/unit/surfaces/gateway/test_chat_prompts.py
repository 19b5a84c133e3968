"""Chat prompts: what was said is found again in every prompt."""

from __future__ import annotations

from hypothesis import given, strategies as st

from parallel_agents.surfaces.gateway.chat_prompts import ROLES, Known, Said, prompt_of, said_in

PIECES = (
    "The conversation so far:",
    "The message to answer:",
    "Context from the application:",
    "user: ",
    "system: ",
    ">",
    "- ",
    "\n",
    "\n\n",
    "tea",
)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
SPOKEN = TEXTS.filter(lambda text: bool(text.strip()))
EARLIER = st.lists(st.builds(Said, st.sampled_from(sorted(ROLES)), SPOKEN), max_size=3)
CONTEXT = st.lists(st.builds(Known, TEXTS, TEXTS), max_size=2)


@given(EARLIER, SPOKEN, CONTEXT)
def test_what_was_said_is_found_again(earlier: list[Said], last: str, context: list[Known]) -> None:
    messages = [*earlier, Said("user", last)]

    assert said_in(prompt_of(messages, context)) == messages


def test_a_message_alone_is_the_prompt() -> None:
    text = "user: Context:\n\n> The message to answer:\n\nHello"

    assert prompt_of([Said("system", " "), Said("user", text)]) == text


def test_a_conversation_is_told_before_the_message_and_the_context_after_it() -> None:
    messages = [Said("system", "Be brief."), Said("assistant", "user: ?"), Said("user", "Tea")]

    prompt = prompt_of(messages, [Known("page", "5")])

    assert prompt == (
        "The conversation so far:\n\nsystem: Be brief.\n\nassistant: >user: ?\n\n"
        "The message to answer:\n\nTea\n\nContext from the application:\n- page: 5"
    )
