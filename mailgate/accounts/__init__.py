"""Who has mail here: domains and users on disk, aliases, passwords, and what `twisted.cred` wants of them."""
