"""Which of several certificates a client is shown: that of the name which it asks for (SNI, RFC 6066 section 3)."""

from __future__ import annotations

from collections.abc import Sequence

from OpenSSL import SSL

from mailgate.tls.context import make_context
from mailgate.tls.names import ByName
from mailgate.tls.pair import Pair


class Selection:
    """What is shown at a time. It never changes: a swap makes another one, and sessions keep theirs.

    The keys of the tickets are those of the first pair's context, whatever name a client asks for, and go with the
    selection. So who resumes a session after a swap shakes hands in full, once, and sees the new certificate: a ticket
    that went on would have it trust one that is perhaps revoked.
    """

    def __init__(self, pairs: Sequence[Pair]) -> None:
        """`pairs`: the first is for clients that ask for no name, or for one that none has."""
        contexts = [(pair.dns_names, make_context(pair.chain, pair.key)) for pair in pairs]
        self._contexts = ByName(contexts)
        self._first = contexts[0][1]
        if len(contexts) > 1:
            self._first.set_tlsext_servername_callback(self._choose)

    def connection(self) -> SSL.Connection:
        """A new one, of a server."""
        connection = SSL.Connection(self._first, None)
        # A connection that goes on with another context lets the first one go, whose callback OpenSSL may still call.
        connection.set_app_data(self)
        return connection

    def _choose(self, connection: SSL.Connection) -> None:
        name = (connection.get_servername() or b"").decode("ascii", "replace")
        connection.set_context(self._contexts.choose(name))
