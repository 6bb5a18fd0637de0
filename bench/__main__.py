"""`python -m bench`: all that `make bench` measures, SMTP and POP3, mailgate beside its peers."""

from __future__ import annotations

import sys

from bench import command
from bench.pop3.bench import SECTION as POP3
from bench.smtp.bench import SECTION as SMTP

if __name__ == "__main__":
    sys.exit(command.main("python -m bench", [SMTP, POP3]))
