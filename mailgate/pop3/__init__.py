"""POP3: a maildrop handed out (RFC 1939, 2449, 2595). Machine, session and server, as `connection` wants them."""
