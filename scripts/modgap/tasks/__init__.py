"""Zero-shot classification and fairness while embeddings are shifted."""
