"""What the shop opens with."""

from __future__ import annotations

# Name, description, price in cents.
PRODUCTS = (
    ("Brass bookmark", "A thin clip for the page you stopped at.", 450),
    ("Canvas bag", "Carries eight books and a loaf of bread.", 1490),
    ("Enamel mug", "Holds 350 ml, survives a fall.", 980),
    ("Fountain pen", "A steel nib that writes a fine line.", 3200),
    ("Glass bottle", "A litre of water within reach.", 1290),
    ("Linen notebook", "160 blank pages that lie flat.", 1150),
    ("Oak tray", "For breakfast anywhere but at the table.", 2480),
    ("Wool blanket", "Warm, and large enough for two.", 6900),
)

# Product's number, what was said of it.
REVIEWS = (
    (1, "It stays where I put it."),
    (3, "Fell down the stairs and still holds tea."),
    (6, "Takes ink without bleeding through."),
)

# A customer everybody may know, with no rights but to order, so that the examples in
# openapi.json work. Address, password.
EXAMPLE_CUSTOMER = ("customer@shop.example", "example-customer")
ADMIN_EMAIL = "admin@shop.example"
