"""Where everything goes, and whose it is: for the system, if root makes it, or in one directory."""

from __future__ import annotations

import grp
import os
import pwd
import re
import sys
from collections.abc import Mapping
from typing import Final

from attrs import frozen

USER: Final = "mailgate"
SYSTEM_CONFIGURATION: Final = "/etc/mailgate/mailgate.toml"
SYSTEM_STATE: Final = "/var/lib/mailgate"
SYSTEM_UNITS: Final = "/etc/systemd/system"
UNIT: Final = "mailgate.service"
_USER_NAME: Final = re.compile(r"[a-z_][a-z0-9_-]{0,31}")  # what useradd takes


class BadWish(Exception):
    """It cannot be made as it was asked for; the message says why, and what to say instead."""


@frozen
class Runner:
    """Who runs the command, and with which Python."""

    is_root: bool
    name: str
    home: str
    programs: str  # the directory that has twistd and mailgate


@frozen
class Layout:
    """All paths are absolute."""

    configuration: str
    state: str
    unit: str
    user: str  # who the server runs as, and whose the state is
    group: str
    configuration_owner: str  # its group is `group`
    user_exists: bool
    is_system: bool  # is the unit one for the system's manager, or for that of a user?

    @property
    def state_setting(self) -> str:
        """`state` as the configuration says it: a directory that has both can be moved as it is."""
        return "." if os.path.dirname(self.configuration) == self.state else self.state


def this_runner() -> Runner:
    """The process that asks."""
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # in containers
        name = str(uid)
    return Runner(uid == 0, name, os.path.expanduser("~"), os.path.dirname(os.path.abspath(sys.executable)))


def lay_out(runner: Runner, directory: str | None, user: str | None, environ: Mapping[str, str]) -> Layout:
    """`directory`: all of it goes there. Without one, root gets the system's places, others one in their home.

    `user`: who the server is to run as. Raises `BadWish`.
    """
    if not runner.is_root and user not in (None, runner.name):
        raise BadWish(f"--user {user}: only root can give files to somebody else")
    user = user or (USER if runner.is_root else runner.name)
    if runner.is_root and _USER_NAME.fullmatch(user) is None:
        raise BadWish(f"--user {user!r}: that is no name of a user")
    group = group_of(user)
    if directory is not None or not runner.is_root:
        place = _directory(directory or _data_home(runner, environ))
        configuration, state, unit = os.path.join(place, "mailgate.toml"), place, os.path.join(place, UNIT)
        owner = user
    else:
        configuration, state, owner = SYSTEM_CONFIGURATION, SYSTEM_STATE, "root"
        units = SYSTEM_UNITS if os.path.isdir(SYSTEM_UNITS) else os.path.dirname(configuration)
        unit = os.path.join(units, UNIT)
    return Layout(configuration, state, unit, user, group or user, owner, group is not None, runner.is_root)


def group_of(user: str) -> str | None:
    """The name of a user's own group; None: there is no such user."""
    try:
        gid = pwd.getpwnam(user).pw_gid
    except KeyError:
        return None
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _directory(text: str) -> str:
    place = os.path.abspath(os.path.expanduser(text))
    # It is written into files of which each has a quoting of its own, and none for these.
    if not place.isprintable() or '"' in place or "\\" in place:
        raise BadWish(f"--directory {text!r}: its name has characters that a configuration cannot have")
    if place == "/":
        raise BadWish("--directory /: say a directory of its own")
    return place


def _data_home(runner: Runner, environ: Mapping[str, str]) -> str:
    # A path that is not absolute is to be passed by (XDG Base Directory Specification, "Basics").
    named = environ.get("XDG_DATA_HOME", "")
    return os.path.join(named if os.path.isabs(named) else os.path.join(runner.home, ".local", "share"), "mailgate")
