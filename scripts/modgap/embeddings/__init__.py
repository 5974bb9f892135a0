"""Networks, their weights and devices; pictures and texts become embeddings."""
