"""The gap of a run's sets, judged in words: in the table, the terminal and atop the page."""
