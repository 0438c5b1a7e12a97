"""What the services need from outside, one module per noun: the record beside the protocol that stores it.

A :class:`~codepush.server.ports.store.Store` holds records (a database),
:class:`~codepush.server.ports.blobs.Blobs` archives (a folder or an object store), and an
:class:`~codepush.server.ports.identity.IdentityProvider` identifies users. Adapters live in
:mod:`codepush.server.storage`, where all adapters of one port pass the same tests, and in
:mod:`codepush.server.identity`. Times are milliseconds since 1970 in UTC, as on the wire; identifiers are
opaque to services.
"""
