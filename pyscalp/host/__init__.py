"""The machine: what is found on it, what is best for trading, how to change it and back."""
