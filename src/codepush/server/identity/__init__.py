"""Identity providers: where users log in with accounts that they already have."""
