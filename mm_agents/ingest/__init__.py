"""Files become records: which files, how each is read, and the passes over what is in the library."""
