"""Identity providers: places where people log in with an account that they have already."""
