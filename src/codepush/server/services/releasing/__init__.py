"""What release tools manage: apps, their collaborators and deployments, releases, uploads and metrics."""
