"""The self-hosted server."""
