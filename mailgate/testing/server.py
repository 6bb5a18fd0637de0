"""The server process of a test run: `python -m mailgate.testing`.

Everything is on loopback and free ports; one line of JSON on standard output tells where, as `service.places` has it.
It ends when its standard input does.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

from mailgate.config import ConfigError
from mailgate.development import Development
from mailgate.foreground import serve
from mailgate.service import CannotStart, Gateway


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until standard input ends; give the exit status: 1 if it could not start."""
    options = _parser().parse_args(arguments)
    try:
        development = Development(keep=False, directory=options.directory)
    except OSError as error:
        sys.stderr.write(f"mailgate: {error.filename} cannot be used: {error.strerror}\n")
        return 1
    try:
        config = development.configure_for_tests(options.config, ["log.level=warn", *options.set])
        serve(config, tell, until_input_ends=True)
    except (ConfigError, CannotStart) as error:
        for fault in error.faults:
            sys.stderr.write(f"mailgate: {fault}\n")
        return 1
    finally:
        development.end()
    return 0


def tell(gateway: Gateway) -> None:
    """The one line. What a handler prints later goes with the log: nobody reads on behind the line."""
    sys.stdout.write(json.dumps(gateway.places) + "\n")
    sys.stdout.flush()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mailgate.testing", description=__doc__)
    parser.add_argument("--config", help="a configuration that lies over the defaults")
    parser.add_argument(
        "--directory", help="where mail and certificate are kept; it stays afterwards [a temporary one]"
    )
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="one key of the configuration")
    return parser
