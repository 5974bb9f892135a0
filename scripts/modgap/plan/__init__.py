"""What the configuration asks for, resolved before anything runs (no numpy, no torch)."""
