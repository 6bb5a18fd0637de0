"""Failures on demand, the same every time, for test suites. A gateway that serves people is built without this room."""

from mailgate.interference.door import interfered
from mailgate.interference.parsing import parse_rule
from mailgate.interference.phases import Spoken
from mailgate.interference.rule import Rule
from mailgate.interference.rules import Rules

__all__ = ["Rule", "Rules", "Spoken", "interfered", "parse_rule"]
