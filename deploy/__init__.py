"""Start, test and check the seller centre on one machine."""
