"""Verdicts on the claims of the paper: what a run measured of each, and what follows."""
