"""HTTP: translation between the wire and the services, without rules."""
