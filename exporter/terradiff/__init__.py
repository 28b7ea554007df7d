"""Tells what terraform or tofu would change, as metrics: drift is one thing, a broken plan another."""
