"""The composition root: a `Config` becomes a running gateway. Below this room nothing knows of the configuration."""

from mailgate.service.desk import has_http
from mailgate.service.gateway import Gateway
from mailgate.service.inspection import inspect
from mailgate.service.notify import Notifier
from mailgate.service.ports import Listening
from mailgate.service.reloading import CannotReload
from mailgate.service.starting import CannotStart

__all__ = ["CannotReload", "CannotStart", "Gateway", "Listening", "Notifier", "has_http", "inspect"]
