"""A small web shop: catalogue, reviews, accounts, basket, checkout, and a page for its keeper."""
