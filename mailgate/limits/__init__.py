"""How much one client, and all of them, may take: connections, and how often something may be done."""
