"""The certificates that listeners show, for implicit TLS and for STARTTLS alike: read, checked, chosen by name, swapped
while sessions go on.
"""

from mailgate.tls.certificates import Certificates
from mailgate.tls.context import CIPHERS
from mailgate.tls.files import BadCertificate, Files
from mailgate.tls.pair import Pair, read_pair
from mailgate.tls.single import ServerCertificate
from mailgate.tls.watching import Watch

__all__ = ["CIPHERS", "BadCertificate", "Certificates", "Files", "Pair", "ServerCertificate", "Watch", "read_pair"]
