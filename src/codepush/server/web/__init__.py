"""The server's doors: they translate between the wire and the services, and hold no rules."""
