"""What happens, told once: a frozen class a fact, and the Bulletin that tells them to its readers.

A fact holds plain values. Strings that came from a client are as the client sent them: a reader that writes them
somewhere makes them harmless first.
"""

from mailgate.facts.bulletin import Bulletin, Reader
from mailgate.facts.fact import Fact
from mailgate.facts.maildrops import (
    Deleted,
    Expired,
    Fetched,
    MaildropClosed,
    NotDeleted,
    Restored,
    SweepEnded,
    SweepHeld,
    Swept,
)
from mailgate.facts.messages import (
    Abandoned,
    Accepted,
    Delivered,
    Handled,
    MessageRefused,
    NotDelivered,
    NotRelayed,
    Relayed,
)
from mailgate.facts.sessions import (
    CommandRefused,
    Connected,
    Disconnected,
    LoggedIn,
    LoginDeferred,
    LoginFailed,
    LoginThrottled,
    Secured,
    TurnedAway,
)
from mailgate.facts.trouble import CertificateChanged, CertificateExpires, CertificateRefused, Failed, Unavailable

__all__ = [
    "Abandoned",
    "Accepted",
    "Bulletin",
    "CertificateChanged",
    "CertificateExpires",
    "CertificateRefused",
    "CommandRefused",
    "Connected",
    "Deleted",
    "Delivered",
    "Disconnected",
    "Expired",
    "Fact",
    "Failed",
    "Fetched",
    "Handled",
    "LoggedIn",
    "LoginDeferred",
    "LoginFailed",
    "LoginThrottled",
    "MaildropClosed",
    "MessageRefused",
    "NotDeleted",
    "NotDelivered",
    "NotRelayed",
    "Reader",
    "Relayed",
    "Restored",
    "Secured",
    "SweepEnded",
    "SweepHeld",
    "Swept",
    "TurnedAway",
    "Unavailable",
]
