"""Steps from each schema to the next, run by :mod:`codepush.server.storage.sql.migrate`.

A step is a file ``versions/NNNN_what_it_does.py`` with the next number as its revision. Steps are frozen once released:
they import none of our modules, and go one way only (the way back is a backup).
"""
