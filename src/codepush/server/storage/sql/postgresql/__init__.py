"""The adapter for PostgreSQL: connections over a network, locks between nodes, and notifications."""
