"""What the API server has, and what changes there."""
