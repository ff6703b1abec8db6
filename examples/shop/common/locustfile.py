"""Customers for a load test: each looks around, fills a basket and orders.

Runs as it is: `locust -f locustfile.py --host http://127.0.0.1:8000`.
"""

from __future__ import annotations

import itertools
import re

from locust import FastHttpUser, SequentialTaskSet, between, task

PRODUCT = re.compile(r'href="/products/(\d+)"')
TOKEN = re.compile(r'name="(csrf_token)" value="([^"]+)"')
SEARCHES = ("mug", "linen", "wool", "for")
LINES = 4

# Customers differ by their number, not by chance: two runs put the same load on the shop.
numbers = itertools.count()


class Visit(SequentialTaskSet):
    """One visit, from the first page to the order."""

    def on_start(self) -> None:
        """Takes the next number."""
        self.number = next(numbers)
        self.products: list[str] = []
        self.carried: dict[str, str] = {}

    @task
    def browse(self) -> None:
        """Looks at the catalogue, and chooses."""
        page = self.page("/")
        found = sorted(set(PRODUCT.findall(page)), key=int)
        turn = self.number % max(len(found), 1)
        self.products = (found[turn:] + found[:turn])[:LINES]

    @task
    def search(self) -> None:
        """Searches for something."""
        self.page(f"/search?q={SEARCHES[self.number % len(SEARCHES)]}", "/search")

    @task
    def look(self) -> None:
        """Looks at the first product that was chosen."""
        for product in self.products[:1]:
            self.page(f"/products/{product}", "/products/{id}")

    @task
    def fill(self) -> None:
        """Lays what was chosen into the basket."""
        for product in self.products:
            self.form("/basket", {"product": product, "quantity": "1"})

    @task
    def review(self) -> None:
        """Looks at the basket."""
        self.page("/basket")

    @task
    def order(self) -> None:
        """Orders it, then starts anew."""
        self.form("/checkout", {"email": f"customer-{self.number}@shop.example"})
        self.number = next(numbers)

    def page(self, path: str, name: str = "") -> str:
        """Loads a page and keeps what its forms carry along."""
        text = str(self.client.get(path, name=name or path).text or "")
        self.carried.update(TOKEN.findall(text))
        return text

    def form(self, path: str, fields: dict[str, str]) -> None:
        """Sends a form, and doesn't follow where it leads, so that it alone is timed."""
        self.client.post(path, data={**fields, **self.carried}, allow_redirects=False)


class Customer(FastHttpUser):
    """A customer who takes a moment between two pages."""

    wait_time = between(0.1, 0.3)
    tasks = [Visit]
