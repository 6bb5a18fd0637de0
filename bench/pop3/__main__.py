"""`python -m bench.pop3`: POP3 of mailgate beside Debian's Dovecot, in turn, on the same messages, in one run."""

from __future__ import annotations

import sys

from bench import command
from bench.pop3.bench import SECTION

if __name__ == "__main__":
    sys.exit(command.main("python -m bench.pop3", [SECTION]))
