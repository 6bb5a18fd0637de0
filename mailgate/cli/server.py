"""How commands ask the gateway that runs: by the control socket in its state directory, and by nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NoReturn

import click

from mailgate.cli.fitting import fitted
from mailgate.control.caller import Call, Caller, CallFailed, GatewayGone, NobodyThere

_ERROR: Final = "Error: "  # which click puts in front of what a `ClickException` says
NO_SERVER: Final = 3  # the exit code of what only a gateway that runs could have done


class NoServer(Exception):
    """No gateway runs with that state directory; the message says where it was looked for."""


def ask(socket: str, name: str, arguments: Mapping[str, Any], seconds: float = 0.0) -> Any:
    """The result of a call; `seconds`: so long the server is asked to wait.

    Raises `NoServer`, and `ClickException` for what the server would not do.
    """
    try:
        return Caller(socket, lambda: "").ask(Call(name, arguments, _as_it_is, seconds))
    except CallFailed as error:
        raise click.ClickException(error.message) from error
    except NobodyThere as error:
        raise NoServer(f"no gateway runs: nobody listens at {socket}") from error
    except GatewayGone as error:
        raise click.ClickException(fitted(str(error).strip(), _ERROR).removeprefix(_ERROR)) from error


def tell_without_server(error: NoServer, what: str) -> None:
    """Say on standard error that no gateway runs, and `what` follows from that."""
    click.echo(fitted(f"mailgate: {error}; {what}"), err=True)


def leave_without_server(error: NoServer) -> NoReturn:
    """End the command with what `NO_SERVER` means."""
    tell_without_server(error, "start it with: twistd mailgate")
    raise SystemExit(NO_SERVER)


def _as_it_is(result: Any) -> Any:
    return result
