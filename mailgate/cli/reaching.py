"""The configuration that a command is about, and where the gateway of that configuration is reached."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mailgate.config import Config


def configuration_file(path: str | None) -> str:
    """The file that is named, or where one is looked for. Raises `ClickException` if there is none."""
    from mailgate.config import find

    found = find(path, os.environ)
    if found is None:
        raise click.ClickException("no configuration found: name one with --config, or in MAILGATE_CONFIG")
    return found


def configuration(path: str | None) -> Config:
    """What is in that file. Raises `ClickException` with all that is wrong with it."""
    from mailgate.config import ConfigError, load

    try:
        return load(configuration_file(path))
    except ConfigError as error:
        raise click.ClickException(str(error)) from error


def socket_of(path: str | None) -> str:
    """The control socket of the gateway with that configuration, even if that has faults by now: whoever asks may want
    to know of them. Raises `ClickException`.
    """
    from mailgate.config import ConfigError, check, load
    from mailgate.service.places import control_socket

    file = configuration_file(path)
    try:
        return control_socket(load(file))
    except ConfigError as error:
        reading = check(file, development=True)
        if reading.config is None or not reading.is_sure("state"):
            raise click.ClickException(str(error)) from error
        click.echo(f"mailgate: the configuration has a fault: {error.faults[0]}", err=True)
        return control_socket(reading.config)
