"""Storage of records and archives: adapters of :mod:`codepush.server.ports`."""
