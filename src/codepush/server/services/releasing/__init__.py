"""Services for release tools: apps, their collaborators and deployments, releases, uploads and metrics."""
