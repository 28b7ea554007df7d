"""The version of everything here; packages and images take it from this line."""

VERSION = "0.1.0"
