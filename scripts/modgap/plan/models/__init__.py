"""Models: their entries, architectures, repositories and pretrained weights."""
