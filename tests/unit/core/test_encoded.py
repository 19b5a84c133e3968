"""A value that many requests contain is encoded once, and remains the same value."""

from __future__ import annotations

from parallel_agents.core.message import Message, user


def test_a_value_is_encoded_once_by_each_function_in_turn() -> None:
    encoded: list[str] = []

    def plain(message: Message) -> bytes:
        encoded.append("plain")
        return message.text.encode()

    def loud(message: Message) -> bytes:
        encoded.append("loud")
        return message.text.upper().encode()

    message = user("hello")

    assert [message.encoded(plain), message.encoded(plain)] == [b"hello", b"hello"]
    assert [message.encoded(loud), message.encoded(plain)] == [b"HELLO", b"hello"]
    assert encoded == ["plain", "loud", "plain"]


def test_an_encoded_value_equals_one_that_is_not() -> None:
    message = user("hello")
    message.encoded(lambda m: m.text.encode())

    assert message == user("hello")
    assert hash(message) == hash(user("hello"))
    assert repr(message) == repr(user("hello"))
