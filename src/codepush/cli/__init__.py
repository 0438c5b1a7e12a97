"""The command line: parsing, calling and printing, one module per noun."""
