"""Networks of three libraries, their weight files, and what is taken out of them."""
