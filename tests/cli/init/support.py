"""What the tests of `mailgate init` share: wishes, and a runner who is whoever runs the tests."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Any

from attrs import evolve
from click.testing import CliRunner, Result

from mailgate.cli import main
from mailgate.cli.init.layout import Layout, Runner, group_of
from mailgate.cli.init.wishes import HIGH, Wishes

ME = pwd.getpwuid(os.geteuid()).pw_name
MY_GROUP = group_of(ME) or ME
RUNNER = Runner(is_root=False, name=ME, home="/home/me", programs="/opt/mailgate/bin")
WISHES = Wishes("alice", "example.test", "mx.example.test", HIGH, "tcp")


def layout(directory: Path, **changes: Any) -> Layout:
    """Everything in one directory that is ours."""
    place = Layout(
        configuration=str(directory / "mailgate.toml"),
        state=str(directory),
        unit=str(directory / "mailgate.service"),
        user=ME,
        group=MY_GROUP,
        configuration_owner=ME,
        user_exists=True,
        is_system=False,
    )
    return evolve(place, **changes)


def run(directory: Path, *options: str, address: str = "alice@example.test", said: str = "wonderland\n") -> Result:
    """`mailgate init` into a directory, with the password on standard input unless `options` say otherwise."""
    source = [] if "--generate" in options or "--prompt" in options else ["--stdin"]
    words = [option for option in options if option != "--prompt"]
    arguments = ["init", address, "--directory", str(directory), "--user", ME, "--high-ports", *source, *words]
    return CliRunner().invoke(main, arguments, input=said)
