"""Figures: what happened in a shop per day, kept beside the orders and always equal to them."""
