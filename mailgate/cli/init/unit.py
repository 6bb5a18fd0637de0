"""The systemd unit, in a sandbox as small as mailgate fits in. etc/systemd/mailgate.service is made by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

STATE_ROOT: Final = "/var/lib/"  # where StateDirectory= makes directories
_HOMES: Final = ("/home/", "/root/", "/run/user/")  # what ProtectHome= hides
_TEMPORARY: Final = ("/tmp/", "/var/tmp/")  # what PrivateTmp= hides

# What works without any privilege, and so in a user's own manager too.
_FOR_EVERYBODY: Final = """\
UMask=0077
LimitNOFILE=65536
NoNewPrivileges=yes
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
# Not MemoryDenyWriteExecute=: pyOpenSSL calls back into Python by code that is
# made at run time (smarthosts, several certificates), and could not.
"""
_FOR_THE_SYSTEM: Final = """\
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
RemoveIPC=yes
"""


@frozen
class Unit:
    """What differs from one installation to the next."""

    command: Sequence[str]
    reload: Sequence[str]  # a command that ends with the outcome of a reload
    state: str
    user: str
    group: str
    low_ports: bool
    is_system: bool = True  # for the system's manager, or for that of a user?
    needs: Sequence[str] = ()  # further directories that it reads, such as those of its Python


DEFAULT: Final = Unit(
    ("/opt/mailgate/bin/twistd", "-n", "--pidfile=", "mailgate", "--config", "/etc/mailgate/mailgate.toml"),
    reload=("/opt/mailgate/bin/mailgate", "reload", "--config", "/etc/mailgate/mailgate.toml"),
    state="/var/lib/mailgate",
    user="mailgate",
    group="mailgate",
    low_ports=True,
)


def unit_text(unit: Unit) -> str:
    """The whole file."""
    return "\n".join(
        (
            _head(unit),
            _service(unit),
            '# The sandbox. Programs of [[handler]] use = "exec" are in it as well.',
            _sandbox(unit) if unit.is_system else _FOR_EVERYBODY,
            f"[Install]\nWantedBy={'multi-user' if unit.is_system else 'default'}.target\n",
        )
    )


def _head(unit: Unit) -> str:
    edit = "systemctl edit" if unit.is_system else "systemctl --user edit"
    # A user's own manager has no such target, and starts when the machine is up.
    network = "After=network-online.target\nWants=network-online.target\n" if unit.is_system else ""
    return (
        f'# mailgate, made by "mailgate init". Your own changes: {edit} mailgate\n'
        "[Unit]\n"
        "Description=mailgate, mail by SMTP and POP3\n"
        f"{network}"
    )


def _service(unit: Unit) -> str:
    who = f"User={unit.user}\nGroup={unit.group}\n" if unit.is_system else ""
    return (
        "[Service]\n"
        "Type=notify\n"
        f"ExecStart={_command(unit.command)}\n"
        "# It waits for the outcome: with a fault in the configuration the reload fails.\n"
        f"ExecReload={_command(unit.reload)}\n"
        f"{who}"
        "Restart=on-failure\n"
        "RestartSec=5\n"
        '# A stop waits for sessions that are at work (drain = "30s").\n'
        "KillMode=mixed\n"
        "TimeoutStopSec=60\n"
    )


def _sandbox(unit: Unit) -> str:
    paths = (*unit.command, unit.state, *unit.needs)
    in_home = any(f"{path}/".startswith(_HOMES) for path in paths)
    in_temporary = any(f"{path}/".startswith(_TEMPORARY) for path in paths)
    capabilities = "CAP_NET_BIND_SERVICE" if unit.low_ports else ""
    return (
        f"{_places(unit.state)}"
        f"ProtectHome={'read-only' if in_home else 'yes'}\n"
        "ProtectSystem=strict\n"
        f"PrivateTmp={'no' if in_temporary else 'yes'}\n"
        f"{_FOR_THE_SYSTEM}"
        f"{'# To listen below 1024, and nothing else.' if unit.low_ports else '# No port below 1024 is asked for.'}\n"
        f"CapabilityBoundingSet={capabilities}\n"
        f"AmbientCapabilities={capabilities}\n"
        f"{_FOR_EVERYBODY}"
    )


def _places(state: str) -> str:
    """What may be written to."""
    name = state.removeprefix(STATE_ROOT)
    if state.startswith(STATE_ROOT) and "/" not in name and " " not in name:
        own = f"StateDirectory={_literal(name)}\nStateDirectoryMode=0750\n"
    else:
        own = f"ReadWritePaths={_word(state)}\n"
    return (
        f"{own}# Where else the configuration lets it write, such as another [store] directory:\n"
        "#ReadWritePaths=/srv/mail\n"
        "# For sockets such as unix:/run/mailgate/lmtp\n"
        "RuntimeDirectory=mailgate\nRuntimeDirectoryMode=0750\n"
    )


def _command(words: Sequence[str]) -> str:
    return " ".join(_word(word).replace("$", "$$") for word in words)


def _word(text: str) -> str:
    """One word of a line of words (systemd.service(5), "Command lines"; systemd.syntax(7), "Quoting")."""
    escaped = _literal(text)
    return f'"{escaped}"' if any(character in " '\t;" for character in escaped) else escaped


def _literal(text: str) -> str:
    return text.replace("%", "%%")
