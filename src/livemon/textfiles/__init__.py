"""Series of samples in text files: how their lines are read, and how an interval is found in a directory of them."""
