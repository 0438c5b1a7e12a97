"""Bytes to models and back: what clients and servers put on the wire, one module per dialect."""
