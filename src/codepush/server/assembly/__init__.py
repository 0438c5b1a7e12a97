"""The assembly: the parts of one server, built from its settings.

One module per group of parts, and :class:`~codepush.server.assembly.parts.Parts`, which connects the groups. Each part
is imported and built on first use, so that a command pays only for what it uses.
"""
