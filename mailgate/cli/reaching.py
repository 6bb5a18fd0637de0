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
        raise click.ClickException("no configuration found: name one with --config")
    return found


def configuration(path: str | None) -> Config:
    """What is in that file. Raises `ClickException` with all that is wrong with it."""
    from mailgate.config import ConfigError, load

    try:
        return load(configuration_file(path))
    except ConfigError as error:
        raise click.ClickException(str(error)) from error


def socket_of(path: str | None) -> str:
    """The control socket of the gateway with that configuration. Raises `ClickException`."""
    from mailgate.service.places import control_socket

    return control_socket(configuration(path))
