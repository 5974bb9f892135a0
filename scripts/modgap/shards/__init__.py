"""Folders of embeddings in many files: listed, read in blocks, and streamed as pairs."""
