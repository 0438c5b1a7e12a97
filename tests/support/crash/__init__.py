"""A server that is killed again and again under a mixed load, and a ledger of what it had acknowledged.

The load runs in the test's process, which is not killed, so that what it remembers is the truth:
every answer that arrived must still hold after the next start, and what was under way when the
server died must have happened wholly or not at all.
"""
