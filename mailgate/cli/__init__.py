"""The `mailgate` command. A subcommand's module is imported when it is asked for; this one knows only their names."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Final

import click

from mailgate import __version__

COMMANDS: Final[Mapping[str, str]] = {
    "alias": "mailgate.cli.alias:alias",
    "backup": "mailgate.cli.backup:backup",
    "config": "mailgate.cli.config:config",
    "demo": "mailgate.cli.demo:demo",
    "dev": "mailgate.cli.dev:dev",
    "domain": "mailgate.cli.domain:domain",
    "handlers": "mailgate.cli.handlers:handlers",
    "init": "mailgate.cli.init:init",
    "explain": "mailgate.cli.explain:explain",
    "limits": "mailgate.cli.limits:limits",
    "log": "mailgate.cli.log:log",
    "password": "mailgate.cli.password:password",
    "reload": "mailgate.cli.reload:reload",
    "restore": "mailgate.cli.restore:restore",
    "self-test": "mailgate.cli.self_test:self_test",
    "status": "mailgate.cli.status:status",
    "store": "mailgate.cli.store:store",
    "tls": "mailgate.cli.tls:tls",
    "trace": "mailgate.cli.trace:trace",
    "user": "mailgate.cli.user:user",
    "wait": "mailgate.cli.wait:wait",
}


class LazyGroup(click.Group):
    """A group whose commands stand in `COMMANDS`. Each is in a thin module that leaves Twisted to its own body."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mailgate", message="%(prog)s %(version)s")
def main() -> None:
    """A mail gateway: SMTP in, handlers, a Maildir per user, POP3 out.

    A server is started by twistd: 'twistd -n mailgate'. To try it, and for test suites, 'mailgate dev' (or 'twistd -n
    mailgate --dev') needs no configuration. The other commands are for what people do beside it.
    """
