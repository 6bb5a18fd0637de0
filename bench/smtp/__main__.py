"""`python -m bench.smtp`: SMTP of mailgate beside Postfix, Node's smtp-server and aiosmtpd, in turn, in one run."""

from __future__ import annotations

import sys

from bench import command
from bench.smtp.bench import SECTION

if __name__ == "__main__":
    sys.exit(command.main("python -m bench.smtp", [SECTION]))
