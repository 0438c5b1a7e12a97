"""Services for operators: backups, integrity checks, garbage collection, health and metrics."""
