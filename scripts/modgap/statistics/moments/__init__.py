"""Sums over rows, whole and by group of pictures: they stream, merge, and give the statistics."""
