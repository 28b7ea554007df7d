"""What is drilled, as plain values: one module per rule group, each with a list called SCENARIOS."""
