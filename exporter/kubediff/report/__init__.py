"""A verdict in the words of those who read it: one file and one `render` each."""
