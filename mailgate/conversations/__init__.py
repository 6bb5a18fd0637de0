"""What clients and gateway said to each other, remembered for a while: for test suites. No password is in it."""

from mailgate.conversations.conversation import Conversation, Line, Speaker
from mailgate.conversations.conversations import MAX_CONVERSATIONS, Conversations
from mailgate.conversations.overheard import overheard
from mailgate.conversations.record import MAX_LINE_CHARACTERS, MAX_LINES

__all__ = [
    "MAX_CONVERSATIONS",
    "MAX_LINES",
    "MAX_LINE_CHARACTERS",
    "Conversation",
    "Conversations",
    "Line",
    "Speaker",
    "overheard",
]
