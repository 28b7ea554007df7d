"""Rendered text, kept in pages of a few hundred objects."""
