"""What operators run on all data: backups, integrity checks, garbage collection, health and metrics."""
