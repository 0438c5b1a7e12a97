"""Ports: what the services need from outside, with one module for each kind of record and its protocol.

A :class:`~codepush.server.ports.store.Store` holds records (a database),
:class:`~codepush.server.ports.blobs.Blobs` archives (a folder or an object store), and an
:class:`~codepush.server.ports.identity.IdentityProvider` identifies users. Adapters live in
:mod:`codepush.server.storage`, where all adapters of one port pass the same tests, and in
:mod:`codepush.server.identity`. Times are milliseconds since 1970 in UTC, as on the wire; identifiers are
opaque to services.
"""
