"""HTTP serving of the daemons: server, authentication, TLS, and its configuration file."""
