"""What the server does, in the product's own words: no HTTP, no SQL, no wire formats."""
