"""What people get: targets, the files of figures, pages and claims, and what goes first."""
