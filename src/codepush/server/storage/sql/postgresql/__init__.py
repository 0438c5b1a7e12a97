"""What is PostgreSQL's own: connections over a network, locks between nodes, and notifications."""
