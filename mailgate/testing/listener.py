"""A port of a test's own: what goes wrong there goes wrong for nobody else, from the first octet on."""

from __future__ import annotations

import poplib
import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager

from mailgate.testing.places import Pop3Place


class Listener:
    """A port that was opened on demand: `.host`, `.port`. It is closed at the end of a `with` block, by `close()`,
    and at the latest with its namespace.

        with mailgate.listener(faults=[Fault(at="connect", reply="421 4.3.2 Not now")]) as listener:
            with pytest.raises(smtplib.SMTPConnectError):
                smtplib.SMTP(listener.host, listener.port)

    One that speaks POP3 logs in as `mailgate.pop3` does: `with listener.pop3(to) as mailbox`.
    """

    def __init__(self, place: Pop3Place, close: Callable[[], None]) -> None:
        self._place = place
        self._close = close
        self._is_open = True

    @property
    def host(self) -> str:
        """Where it listens."""
        return self._place.host

    @property
    def port(self) -> int:
        """Its port."""
        return self._place.port

    @property
    def ssl_context(self) -> Callable[[], ssl.SSLContext] | None:
        """What makes the context of a client, if TLS comes first."""
        return self._place.ssl_context

    def pop3(self, to: str, password: str | None = None) -> AbstractContextManager[poplib.POP3]:
        """A logged-in poplib object. Raises what poplib raises."""
        return self._place(to, password)

    def close(self) -> None:
        """Nobody listens there any more. Raises `CallFailed` and `GatewayGone`."""
        if self._is_open:
            self._is_open = False
            self._close()

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Listener {self._place}{'' if self._is_open else ', closed'}>"
