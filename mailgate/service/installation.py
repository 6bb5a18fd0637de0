"""Can whom we are now read the Python that we run on?

Much of it is imported when it is first needed, by Twisted and by handlers as well. As root nobody notices that it lies
in root's home; once privileges are dropped, each such import would fail, and mail with it. It is better not to start.
"""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Final

import mailgate
import twisted
from mailgate.faults import Fault
from mailgate.service.starting import CannotStart

LANDMARKS: Final = (os, twisted, mailgate)  # the standard library, what is installed, and ourselves


def check_installation(landmarks: Iterable[ModuleType] = LANDMARKS) -> None:
    """Ask when privileges are dropped. Raises `CannotStart` if modules beside these could not be imported."""
    for landmark in landmarks:
        if file := _forbidden(landmark):
            what = f"the user {_user()} cannot read the Python installation at {sys.prefix}: {file}: Permission denied"
            hint = "install Python and mailgate where that user can read them, such as in /opt, not in root's home"
            raise CannotStart(Fault("--uid", what, hint))


def _forbidden(module: ModuleType) -> str:
    """Its file, or the directory of that, which imports list, if it may not be read; empty if both may."""
    file = getattr(module, "__file__", None) or os.devnull  # a frozen one is read from nowhere
    for path in (os.path.dirname(file), file):
        try:
            os.close(os.open(path, os.O_RDONLY))
        except PermissionError:
            return path
        except OSError:  # it is in an archive, say, of which Python itself has made sure
            return ""
    return ""


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
