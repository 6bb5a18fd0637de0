"""`python -m bench`: all that `make bench` measures, mailgate beside its peers: SMTP, POP3, and test runs."""

from __future__ import annotations

import sys

from bench import command
from bench.pop3.bench import SECTION as POP3
from bench.smtp.bench import SECTION as SMTP
from bench.testing.bench import SECTION as TESTING

if __name__ == "__main__":
    sys.exit(command.main("python -m bench", [SMTP, POP3, TESTING]))
