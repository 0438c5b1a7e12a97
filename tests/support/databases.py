"""The databases that scenarios are told on: the same stories, whatever is behind the server."""

ENGINES = ["sqlite", "postgresql"]


def database_settings(request, engine):
    """Return the settings of a server whose records are in a new database of a kind."""
    if engine == "sqlite":
        return {}
    return {"database_url": request.getfixturevalue("postgresql_server").migrated_database()}
