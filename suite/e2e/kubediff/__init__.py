"""kubediff against a real API server, and what is learnt from that for it."""
