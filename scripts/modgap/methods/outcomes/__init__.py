"""What a method does: tasks query by query, classes, thresholds, what is left of the gap."""
