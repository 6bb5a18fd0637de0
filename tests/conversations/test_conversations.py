"""All sessions: who sees which, how many, and how they are forgotten."""

from __future__ import annotations

from mailgate.conversations import MAX_CONVERSATIONS, Conversations
from mailgate.namespaces import SHARED
from tests.conversations.support import NOW


def begin(conversations: Conversations, *users: str) -> None:
    record = conversations.begin("pop3", "192.0.2.1", 4321, lambda: NOW)
    for user in users:
        record.name_user(user)
    record.end("quit")


def numbers(conversations: Conversations, namespace: str, since: float = 0.0) -> list[int]:
    return [conversation.number for conversation in conversations.of(namespace, since)]


def test_each_namespace_has_its_own_and_those_of_nobody() -> None:
    conversations = Conversations()
    for users in (["a"], ["b"], ["a", "b"], []):
        begin(conversations, *users)
    assert numbers(conversations, "a") == [1, 3, 4]
    assert numbers(conversations, "b") == [2, 3, 4]
    assert numbers(conversations, "a", NOW + 1) == [1, 3]
    assert numbers(conversations, SHARED) == [4]


def test_clearing_one_leaves_the_others() -> None:
    conversations = Conversations()
    for users in (["a"], ["b"], ["a", "b"], []):
        begin(conversations, *users)
    conversations.clear("a")
    assert numbers(conversations, "a") == [4]
    assert numbers(conversations, "b") == [2, 3, 4]
    conversations.clear(SHARED)
    assert numbers(conversations, "b") == [2, 3]


def test_the_oldest_are_forgotten() -> None:
    conversations = Conversations()
    for _ in range(MAX_CONVERSATIONS + 5):
        begin(conversations, "a")
    assert numbers(conversations, "a") == list(range(6, MAX_CONVERSATIONS + 6))
    conversations.clear("b")  # does not take the bound away
    begin(conversations, "a")
    assert len(numbers(conversations, "a")) == MAX_CONVERSATIONS


def test_a_session_that_is_forgotten_goes_on_for_nobody() -> None:
    conversations = Conversations()
    record = conversations.begin("smtp", "192.0.2.1", 4321, lambda: NOW)
    for _ in range(MAX_CONVERSATIONS):
        begin(conversations, "a")
    record.name("b")
    record.write("client", "MAIL")
    assert numbers(conversations, "b") == []
