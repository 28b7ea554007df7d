"""Compares manifests with the running cluster, without a right to change anything in it."""
