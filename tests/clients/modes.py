"""The ways in which a client may send, and what it is given to do so."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from attrs import frozen

HOST: Final = "localhost"
USER: Final = "alice@example.test"
PASSWORD: Final = "wonderland"
SENDER: Final = USER


@frozen
class Mode:
    """A way to send: to which listener, how it is secured, whether the client logs in."""

    title: str
    listener: str  # its key, such as "submission.listen_tls"
    tls: Literal["clear", "starttls", "implicit"] = "clear"
    auth: Literal["", "PLAIN", "LOGIN"] = ""
    unix: bool = False  # is the listener a UNIX socket?
    trusted: bool = True  # does the client know the CA? If not, it must not send.

    @property
    def key(self) -> str:
        """The mode in one word: the first label of a domain."""
        trust = "" if self.trusted else "stranger"
        words = (self.listener.replace(".listen", "").replace("_", ""), self.tls, self.auth, trust)
        return "-".join(word.lower() for word in (*words, "unix" if self.unix else "") if word)

    @property
    def domain(self) -> str:
        """Where mail goes by this mode; the gateway has all of them."""
        return f"{self.key}.test"

    @property
    def protocol(self) -> str:
        """How the Received field calls it (RFC 3848)."""
        return ("LMTP" if self.lmtp else "ESMTP") + ("S" if self.tls != "clear" else "") + ("A" if self.auth else "")

    @property
    def lmtp(self) -> bool:
        """Is LMTP spoken (RFC 2033)?"""
        return self.listener == "lmtp.listen"


@frozen
class Job:
    """One message to be sent in one mode."""

    mode: Mode
    port: int  # 0: none, there is a socket
    socket: str  # the path of a UNIX socket, else empty
    ca: str  # a file in PEM: who vouches for the server
    file: Path  # the message, with CRLF line ends
    recipient: str
    directory: Path  # for what the client needs besides


MODES: Final = (
    Mode("Port 25 in clear", "smtp.listen"),
    Mode("Port 25, STARTTLS", "smtp.listen", "starttls"),
    Mode("Submission in clear, AUTH PLAIN", "submission.listen", "clear", "PLAIN"),
    Mode("Submission in clear, AUTH LOGIN", "submission.listen", "clear", "LOGIN"),
    Mode("Submission, STARTTLS, AUTH PLAIN", "submission.listen", "starttls", "PLAIN"),
    Mode("Submission, STARTTLS, AUTH LOGIN", "submission.listen", "starttls", "LOGIN"),
    Mode("Submission, implicit TLS, AUTH PLAIN", "submission.listen_tls", "implicit", "PLAIN"),
    Mode("Submission, implicit TLS, AUTH LOGIN", "submission.listen_tls", "implicit", "LOGIN"),
    Mode("LMTP by TCP", "lmtp.listen"),
    Mode("LMTP by a UNIX socket", "lmtp.listen", unix=True),
    Mode("STARTTLS with an unknown CA: does not send", "submission.listen", "starttls", "PLAIN", trusted=False),
    Mode("Implicit TLS with an unknown CA: does not send", "submission.listen_tls", "implicit", "PLAIN", trusted=False),
)
