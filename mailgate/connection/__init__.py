"""A machine and a session wired to a Twisted transport. SMTP and POP3 both stand on it; it knows neither."""

from mailgate.connection.connection import BUFFER_OCTETS, CLOSE_SECONDS, STOP_SECONDS, Connection
from mailgate.connection.contract import Build, Ending, Machine, Session
from mailgate.connection.factory import ConnectionFactory

__all__ = [
    "BUFFER_OCTETS",
    "CLOSE_SECONDS",
    "STOP_SECONDS",
    "Build",
    "Connection",
    "ConnectionFactory",
    "Ending",
    "Machine",
    "Session",
]
