"""Types of the JSON documents of nodes and runs, for their writers and their readers.

The names of the files are in ``schemas.artifacts``. Numbers count the rows and clips that a node
worked on; shares and scores lie in [0, 1]. None is JSON's null.

A module for each writer: the cache key of a node follows its imports, so that a new field in the
run's record does not run the ingest again.
"""
