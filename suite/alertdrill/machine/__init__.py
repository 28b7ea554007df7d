"""What this computer must have: programs, a container engine, images, a node image, a cache."""
