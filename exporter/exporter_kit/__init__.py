"""What the daemons share: serving HTTP with TLS and passwords, one-line logs, errors that are sentences."""
