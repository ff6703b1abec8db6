"""Users for those who have no Locust file: each makes the planned requests in turn."""

from __future__ import annotations

import random
import ssl

from locust import FastHttpUser, task

from sdlc_loadtests.plan import Plan

plan = Plan.given()
# One for all: a context for each user costs far more memory than the user itself.
tls = ssl.create_default_context()
tls.check_hostname = False
tls.verify_mode = ssl.CERT_NONE


class Visitor(FastHttpUser):
    """Makes every planned request equally often, beginning anywhere."""

    ssl_context_factory = staticmethod(lambda: tls)

    def on_start(self) -> None:
        self.turn = random.randrange(len(plan.requests))

    def wait_time(self) -> float:
        """Seconds between two requests: the planned pause on average, so that users don't march in step."""
        return random.uniform(0.5, 1.5) * plan.wait

    @task
    def visit(self) -> None:
        """Make the next request."""
        planned = plan.requests[self.turn % len(plan.requests)]
        self.turn += 1
        self.client.request(
            planned["method"],
            planned["path"],
            name=planned["name"],
            headers=planned["headers"],
            data=planned["body"] or None,
            allow_redirects=False,
        )
