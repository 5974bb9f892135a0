"""What one sees in each figure, in sentences made from the data behind it."""
