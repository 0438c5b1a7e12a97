"""Background jobs: the loop that runs them, and a handler for each kind."""
