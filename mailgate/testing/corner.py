"""Where a test is on the server: its addresses, and the ports it goes to."""

from __future__ import annotations

import base64
import os
import ssl
import time
from collections.abc import Callable
from typing import Final

from mailgate.namespaces import domain_of
from mailgate.testing.places import Place, Pop3Place
from mailgate.testing.ready import Ready

_RANDOM_OCTETS: Final = 10  # 80 bits: no two tests ever have the same


def new_name() -> str:
    """The name of a namespace that nobody has."""
    return f"t{_random_letters()}"


class Corner:
    """What a namespace has without asking; the rest is done by `Namespace`, which waits, and `NamespaceInReactor`,
    which gives Deferreds.

    Whatever goes to `<anybody>@<domain>` belongs to it: every address exists, with a maildrop, as soon as it is
    named, and any password is right until one is set.
    """

    def __init__(self, name: str, ready: Callable[[], Ready]) -> None:
        """`ready` tells where the server listens, and raises RuntimeError while it does not run."""
        self.name = name
        self.domain = domain_of(name)
        self.password = _random_letters()  # what pop3() logs in with, where no other was set
        self._passwords: dict[str, str] = {}
        self._ready = ready
        self.began = time.time()  # what was said before, and to nobody by name, is of no interest here

    def address(self, local: str = "user") -> str:
        """`<local>@<domain>`: unique to this test, and the same whenever it is asked for."""
        return f"{local}@{self.domain}"

    # Where to go: each is a place with `.host` and `.port`.

    @property
    def smtp(self) -> Place:
        """SMTP, with STARTTLS."""
        return self._ready().place("smtp")

    @property
    def submission(self) -> Place:
        """Submission, with STARTTLS and AUTH."""
        return self._ready().place("submission")

    @property
    def submissions(self) -> Place:
        """Submission over TLS, with AUTH."""
        return self._ready().place("submissions")

    @property
    def lmtp(self) -> Place:
        """LMTP."""
        return self._ready().place("lmtp")

    @property
    def pop3(self) -> Pop3Place:
        """POP3, with STLS. Called with an address it gives a logged-in poplib object, as `Pop3Place` says. That blocks;
        in the thread of the server's own reactor it would wait for itself.
        """
        place = self._ready().place("pop3")
        return Pop3Place(place.host, place.port, self.password_of)

    @property
    def pop3s(self) -> Pop3Place:
        """The same over TLS."""
        place = self._ready().place("pop3s")
        return Pop3Place(place.host, place.port, self.password_of, self.ssl_context)

    @property
    def http(self) -> str:
        """The URL of the HTTP API, without a slash at its end. Raises LookupError if what it needs is not installed."""
        return f"http://{self._ready().place('http')}/api/v1"

    @property
    def ca_file(self) -> str:
        """The path of the certificate by which the server's is verified, in PEM."""
        return self._ready().ca_file

    def ssl_context(self) -> ssl.SSLContext:
        """A new context for clients that trusts this server and nobody else."""
        return ssl.create_default_context(cafile=self.ca_file)

    def password_of(self, to: str) -> str:
        """What an address logs in with: the password that was set, or any."""
        return self._passwords.get(to.casefold(), self.password)

    def remember_password(self, to: str, password: str) -> None:
        """It was set; an empty one: any is right again."""
        if password:
            self._passwords[to.casefold()] = password
        else:
            self._passwords.pop(to.casefold(), None)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.domain}>"


def _random_letters() -> str:
    return base64.b32encode(os.urandom(_RANDOM_OCTETS)).decode("ascii").lower()
