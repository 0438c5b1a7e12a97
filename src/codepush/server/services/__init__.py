"""The server's functions, independent of HTTP, SQL and wire formats."""
