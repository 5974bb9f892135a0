"""Models trained here: contrastive runs, classifiers, and what is measured on the way."""
