"""An object and its schema in, lines of metrics out."""
