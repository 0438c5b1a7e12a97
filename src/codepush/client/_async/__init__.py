"""One of the two faces of the client: the asynchronous one is written, the synchronous one generated from it."""
