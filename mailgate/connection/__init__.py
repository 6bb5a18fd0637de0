"""A machine and a session wired to a Twisted transport. SMTP and POP3 both stand on it; it knows neither."""

from mailgate.connection.connection import BUFFER_OCTETS, CLOSE_SECONDS, STOP_SECONDS, Connection
from mailgate.connection.contract import Build, Ending, Machine, Session
from mailgate.connection.factory import ConnectionFactory
from mailgate.connection.gate import REFUSE_SECONDS, Enter, Gate, Leave
from mailgate.connection.proxied import HEADER_SECONDS, ProxiedFactory

__all__ = [
    "BUFFER_OCTETS",
    "CLOSE_SECONDS",
    "HEADER_SECONDS",
    "REFUSE_SECONDS",
    "STOP_SECONDS",
    "Build",
    "Connection",
    "ConnectionFactory",
    "Ending",
    "Enter",
    "Gate",
    "Leave",
    "Machine",
    "ProxiedFactory",
    "Session",
]
