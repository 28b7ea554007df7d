"""Where programs come from: PATH, Debian packages, Go modules; chosen by looking, with the reason said."""
