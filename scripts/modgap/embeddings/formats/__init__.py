"""Files of ready-made embeddings: arrays, tensors, saved datasets, and their names."""
