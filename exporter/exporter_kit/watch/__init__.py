"""The watch protocol: a stream of what happens to the objects of one kind."""
