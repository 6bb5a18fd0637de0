"""Why a hand-over does not come about where the smarthost did not refuse it, and how its refusals are passed on."""

from __future__ import annotations

import re
from typing import Final

from attrs import evolve

from mailgate.mail import Reply

# What our client hears. The administrator is told more, by the reason.
UNREACHABLE: Final = Reply(451, "4.4.1", "The next mail server cannot be reached now, try again later")
BROKEN: Final = Reply(451, "4.4.2", "The connection to the next mail server broke, try again later")
CONGESTED: Final = Reply(451, "4.4.5", "Too much mail is being sent on now, try again later")
LOOPS: Final = Reply(451, "4.4.6", "Mail for other systems would come back here, try again later")
STRANGE: Final = Reply(451, "4.5.0", "The next mail server cannot be understood now, try again later")
INSECURE: Final = Reply(451, "4.7.0", "Mail cannot be sent on safely now, try again later")
UNREADABLE: Final = Reply(451, "4.3.0", "The message cannot be read back now, try again later")

PASSED_CHARACTERS: Final = 300  # of a text that is passed on; a line of a reply has 512 (RFC 5321 4.5.3.1.5)
REASON_CHARACTERS: Final = 500
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e]")


class Trouble(Exception):
    """Our own trouble with the smarthost: the client hears `reply`, always 4yz; the administrator reads `reason`."""

    def __init__(self, reply: Reply, reason: str) -> None:
        super().__init__(reason)
        self.reply = reply
        self.reason = reason


def passed_on(reply: Reply, about: str = "") -> Reply:
    """What the smarthost said, as our client hears it: its code, its status, its text made harmless; behind `about`,
    if it speaks of one path. The text is not cut: half a secret in it would not be found.
    """
    if reply.code == 421:  # it closes its connection with us, not ours with the client
        reply = evolve(reply, code=451)
    text = f"<{about}>: {reply.text}" if about else reply.text
    text = _UNPRINTABLE.sub("?", text.replace("\n", " ")).strip()
    # RFC 3463 3.1: X.0.0 is for a host that says no more than the class. RFC 2034 wants one of ours.
    return Reply(reply.code, reply.status or f"{reply.code // 100}.0.0", text or "The next mail server gives no reason")
