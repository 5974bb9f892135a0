"""Why there are cones: random networks, initialisations, layers, the paper's theorems."""
