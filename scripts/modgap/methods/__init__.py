"""Methods that move or close the gap after training, and what each does to what people use."""
