"""The composition root: a `Config` becomes a running gateway. Below this room nothing knows of the configuration."""

from mailgate.service.desk import has_http
from mailgate.service.gateway import CannotStart, Gateway
from mailgate.service.inspection import inspect
from mailgate.service.ports import Listening

__all__ = ["CannotStart", "Gateway", "Listening", "has_http", "inspect"]
