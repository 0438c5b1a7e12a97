"""Where records and archives are kept: adapters of :mod:`codepush.server.ports`."""
