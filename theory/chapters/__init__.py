"""The law book, one topic a file: nothing but claims."""
