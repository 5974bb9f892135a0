"""Moving along the gap: the contrastive loss, its landscape, the sphere."""
