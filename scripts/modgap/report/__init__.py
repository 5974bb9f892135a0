"""What people look at: figures, tables, verdicts, the page, the console."""
