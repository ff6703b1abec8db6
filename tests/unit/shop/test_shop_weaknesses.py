"""Each weakness is really there in the vulnerable build, and really gone from the fixed one."""

from __future__ import annotations

import base64
import hashlib
import os
import pickle
import re
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import flask
from flask.sessions import SecureCookieSessionInterface

if TYPE_CHECKING:
    from tests.unit.shop.conftest import Shop

SCRIPT = "<script>alert(1)</script>"
SECURITY_HEADERS = {
    "Content-Security-Policy",
    "Permissions-Policy",
    "Referrer-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
}


def test_search_runs_sql_it_is_sent(vulnerable: Shop, fixed: Shop) -> None:
    injected = "%' UNION SELECT id, email, digest, 0 FROM accounts -- "
    assert "admin@shop.example" in vulnerable.visitor().get("/search", q=injected).text
    assert "admin@shop.example" not in fixed.visitor().get("/search", q=injected).text


def test_search_reflects_markup(vulnerable: Shop, fixed: Shop) -> None:
    assert SCRIPT in vulnerable.visitor().get("/search", q=SCRIPT).text
    page = fixed.visitor().get("/search", q=SCRIPT).text
    assert SCRIPT not in page
    assert "&lt;script&gt;" in page


def test_a_review_is_shown_as_markup(vulnerable: Shop, fixed: Shop) -> None:
    for shop, raw in ((vulnerable, True), (fixed, False)):
        visitor = shop.visitor()
        visitor.get("/products/2")
        assert visitor.form("/products/2/reviews", body=f"Fine. {SCRIPT}").status == 303
        page = visitor.get("/products/2").text
        assert "Fine." in page
        assert (SCRIPT in page) is raw


def test_a_leaflets_name_leads_out_of_the_folder(vulnerable: Shop, fixed: Shop) -> None:
    read = vulnerable.visitor().get("/leaflets", name="../settings.py")
    assert read.text == (vulnerable.folder / "shop/settings.py").read_text()
    assert fixed.visitor().get("/leaflets", name="../settings.py").status == 404
    assert fixed.visitor().get("/leaflets", name="returns.txt").text.startswith("Returns")


class Runs:
    """Makes a folder where it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_the_basket_cookie_runs_code(vulnerable: Shop, fixed: Shop, tmp_path: Path) -> None:
    for shop, ran in ((vulnerable, True), (fixed, False)):
        visitor = shop.visitor()
        visitor.cookies["basket"] = base64.urlsafe_b64encode(pickle.dumps(Runs(tmp_path / shop.variant))).decode()
        visitor.get("/basket")
        assert (tmp_path / shop.variant).exists() is ran
    assert visitor.get("/basket").status == 200


def test_cookies_lack_their_flags(vulnerable: Shop, fixed: Shop) -> None:
    for shop, flagged in ((vulnerable, False), (fixed, True)):
        visitor = shop.visitor()
        cookies = visitor.post_json("/api/login", {"email": "customer@shop.example", "password": "example-customer"})
        cookies.headers.add_header("Set-Cookie", visitor.post_json("/api/basket", {"product": 1}).headers["Set-Cookie"])
        sent = cookies.headers.get_all("Set-Cookie", [])
        assert {cookie.partition("=")[0] for cookie in sent} == {"session", "basket"}
        assert [("HttpOnly" in cookie, "SameSite=Lax" in cookie) for cookie in sent] == [(flagged, flagged)] * 2


def test_the_source_holds_the_key_that_signs_sessions(vulnerable: Shop, fixed: Shop) -> None:
    key = re.search(r'SECRET_KEY"\] = "(\w+)"', (vulnerable.folder / "shop/settings.py").read_text())
    assert key
    app = flask.Flask("forger")
    app.secret_key = key[1]
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signer
    for shop, status in ((vulnerable, 200), (fixed, 303)):
        visitor = shop.visitor()
        visitor.cookies["session"] = str(signer.dumps({"account": 2}))
        assert visitor.get("/admin/orders").status == status


def test_passwords_are_kept_as_md5(vulnerable: Shop, fixed: Shop) -> None:
    for shop, start in ((vulnerable, hashlib.md5(b"example-customer").hexdigest()), (fixed, "scrypt:")):
        with closing(sqlite3.connect(shop.database)) as connection:
            rows = connection.execute("SELECT digest FROM accounts WHERE email = 'customer@shop.example'").fetchall()
        assert [row[0].startswith(start) for row in rows] == [True]


def test_passwords_can_be_guessed_without_end(vulnerable: Shop, fixed: Shop) -> None:
    for shop, refused in ((vulnerable, 401), (fixed, 429)):
        tries = [{"email": "guessed@shop.example", "password": f"password-{number}"} for number in range(6)]
        answers = [shop.visitor().post_json("/api/login", guess).status for guess in tries]
        assert answers == [401] * 5 + [refused]


def test_a_form_from_elsewhere_is_taken(vulnerable: Shop, fixed: Shop) -> None:
    for shop, status in ((vulnerable, 303), (fixed, 403)):
        visitor = shop.visitor()
        visitor.get("/")
        assert visitor.form("/basket", product="1", csrf_token="forged").status == status


def test_the_login_leads_anywhere(vulnerable: Shop, fixed: Shop) -> None:
    for shop, target in ((vulnerable, "//elsewhere.example/"), (fixed, "/")):
        visitor = shop.visitor()
        visitor.get("/login")
        known = {"email": "customer@shop.example", "password": "example-customer"}
        assert visitor.form("/login", next="//elsewhere.example/", **known).headers["Location"] == target
        assert visitor.form("/login", next="/orders", **known).headers["Location"] == "/orders"


def test_security_headers_are_missing(vulnerable: Shop, fixed: Shop) -> None:
    for path in ("/", "/healthz", "/static/style.css", "/nowhere"):
        assert not SECURITY_HEADERS & set(vulnerable.visitor().get(path).headers)
        assert set(fixed.visitor().get(path).headers) >= SECURITY_HEADERS


def test_the_banner_names_versions(vulnerable: Shop, fixed: Shop) -> None:
    assert re.match(r"Werkzeug/\d", vulnerable.visitor().get("/").headers["Server"])
    assert fixed.visitor().get("/").headers.get_all("Server") == ["shop"]


def test_a_broken_request_shows_a_traceback(vulnerable: Shop, fixed: Shop) -> None:
    assert "sqlite3.OperationalError" in vulnerable.visitor().get("/search", q="'").text
    for shop, shown in ((vulnerable, True), (fixed, False)):
        with closing(sqlite3.connect(shop.database)) as connection:
            connection.execute("ALTER TABLE products RENAME TO mislaid")
            broken = shop.visitor().get("/")
            connection.execute("ALTER TABLE mislaid RENAME TO products")
        assert broken.status == 500
        assert ("sqlite3.OperationalError" in broken.text) is shown
        assert shop.visitor().get("/").status == 200


def seconds_of_checkouts(shop: Shop, customers: int) -> float:
    """How long so many customers take who order at once, four lines each."""
    order = {"email": "customer@shop.example", "lines": [{"product": number} for number in (1, 2, 3, 4)]}
    started = time.monotonic()
    with ThreadPoolExecutor(customers) as threads:
        answers = list(threads.map(lambda _: shop.visitor().post_json("/api/checkout", order).status, range(customers)))
    assert answers == [201] * customers
    return time.monotonic() - started


def test_customers_wait_for_each_other(vulnerable: Shop, fixed: Shop) -> None:
    slow = seconds_of_checkouts(vulnerable, 6)
    # 2 calls of 20 ms for each of 4 lines, one customer after the other: it can't be less.
    assert slow >= 6 * 4 * 2 * 0.02
    assert seconds_of_checkouts(fixed, 6) < slow
