"""Conversion between bytes and models: requests and responses, one module per dialect."""
