"""Records in a SQL database: SQLite by default, in statements that PostgreSQL supports too."""
