"""What is wrong with a configuration, found before anything is planned."""
