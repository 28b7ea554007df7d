"""Runs commands periodically and serves what became of them as metrics and a page."""
