"""Arrays in, numbers and their intervals out: gap, cone, retrieval, projections."""
