"""The after-sales of the demo: cases, refunds, disputes, reviews and messages around the invented orders."""
