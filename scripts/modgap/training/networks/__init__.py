"""Networks as they are trained: both towers, and what training need not compute."""
