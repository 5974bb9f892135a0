"""One module for each kind of dataset: what it lists becomes a samples table."""
