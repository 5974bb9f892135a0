"""The drawing of figures that the workflow and the library share."""
