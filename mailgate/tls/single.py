"""One certificate that is shown as it was loaded last: for tests and for who needs no more."""

from __future__ import annotations

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from mailgate.tls.files import Files
from mailgate.tls.pair import read_pair
from mailgate.tls.selection import Selection


@implementer(IOpenSSLServerConnectionCreator)
class ServerCertificate:
    """A key and its chain; every new connection shows those which were loaded last."""

    def __init__(self, certificate_file: str, key_file: str) -> None:
        """Both files are PEM; the certificate's has the full chain, its own certificate first."""
        self._files = Files(certificate_file, key_file)
        self._selection: Selection | None = None

    def load(self) -> None:
        """Read the files and show them from now on. Raises `BadCertificate`, and shows on what it showed before."""
        self._selection = Selection([read_pair(self._files)])

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        assert self._selection is not None, "load() comes first"
        return self._selection.connection()
