"""Datasets become samples tables, and pictures become pixels."""
