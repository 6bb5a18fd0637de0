"""Where commands find the gateway of a configuration."""

from __future__ import annotations

import os

import click


def socket_of(path: str | None) -> str:
    """The control socket, by the configuration in this file, or where it is looked for. Raises `ClickException`."""
    from mailgate.config import ConfigError, find, load
    from mailgate.service.places import control_socket

    found = find(path, os.environ)
    if found is None:
        raise click.ClickException("no configuration found: name one with --config")
    try:
        return control_socket(load(found))
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
