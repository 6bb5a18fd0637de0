"""The configuration that is written: the keys that matter on the first day, each with its sentence."""

from __future__ import annotations

from mailgate.cli.init.wishes import Wishes


def configuration_text(wishes: Wishes, state: str, file: str) -> str:
    """`state` is the value of the key, `file` the path of the configuration itself, for its own remarks."""
    ports, endpoint = wishes.ports, wishes.endpoint
    both = "IPv4 and IPv6." if endpoint == "tcp6" else "IPv4; there is no IPv6 here."
    return f'''\
# mailgate's configuration, made by "mailgate init". What is not here is at its
# default: etc/mailgate.toml and docs/ have every key with a sentence, and
# "mailgate config show" says what is in force.
#
# After a change, and before a restart:
#   twistd mailgate --check --config {file}
# Accounts are not here but in domains/; what changes there counts at once.

# The name of this host as other mail servers see it. The MX record, the
# certificate and the reverse entry of its IP address should say the same.
hostname = "{wishes.hostname}"

# Where mailgate keeps what it writes, and where relative paths below begin.
state = "{state}"

# The certificate of all listeners. "mailgate init" made one that nobody vouches
# for: put the full chain and the key of a real one in its place.
[tls]
certificate = "tls/cert.pem"
key = "tls/key.pem"

# "{endpoint}:25" listens for {both} For one address alone write
# "tcp:25:interface=192.0.2.1".

# Mail from other servers, with STARTTLS. They come to port 25 and no other.
[smtp]
listen = ["{endpoint}:{ports.smtp}"]
max_message = "25 MiB"

# Mail from our own users, who log in, with STARTTLS or with TLS from the start.
[submission]
listen = ["{endpoint}:{ports.submission}"]
listen_tls = ["{endpoint}:{ports.submissions}"]
# Who takes their mail for the rest of the world. Without it they can write to
# each other only. The password is in a file in the state directory, mode 0600.
#smarthost = "smtp+starttls://user@relay.example.net:587"
#smarthost_password = "smarthost-password"

# Mail to our own users, with STLS or with TLS from the start.
[pop3]
listen = ["{endpoint}:{ports.pop3}"]
listen_tls = ["{endpoint}:{ports.pop3s}"]

# Who has mail here: domains/<domain>/users and domains/<domain>/aliases.
[accounts]
directory = "domains"

# Where mail is kept: mail/<domain>/<user>/, a Maildir for each user.
[store]
directory = "mail"
# With less room than this on the disk, mail is put off and comes later.
min_free = "64 MiB"

# Mail stays until its user deletes it. To change that, for everybody:
#[maildrops]
#keep_days = 365
#removed_days = 14

# The life of every message, for "mailgate trace".
[journal]
keep_days = 30
max_size = "256 MiB"

# Steps that every message passes, in this order. This one stops mail that
# travels in a circle.
[[handler]]
use = "loop-guard"
'''
