"""The rules of the product, as pure functions: nothing here reads, writes, waits or looks at a clock."""
