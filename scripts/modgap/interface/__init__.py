"""What the public interface returns: gaps, comparisons and matrices that print and draw."""
