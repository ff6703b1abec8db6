"""Accounts: registering, logging in and out, and who's here."""

from __future__ import annotations

import sqlite3

from flask import Blueprint, abort, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from shop import attempts, database, fields, orders, passwords, redirects

pages = Blueprint("accounts", __name__)


@pages.get("/register")
def registration() -> str:
    """The form of a new account."""
    return render_template("register.html", taken=False)


@pages.post("/register")
def register() -> Response | tuple[str, int]:
    """Makes an account and logs it in; 409 when the address has one."""
    email = fields.email(request.form.get("email"))
    digest = passwords.digest(fields.password(request.form.get("password")))
    try:
        made = database.current().execute(
            "INSERT INTO accounts (email, digest, role) VALUES (?, ?, 'customer')",
            (email, digest),
        )
    except sqlite3.IntegrityError:
        return render_template("register.html", taken=True), 409
    session["account"] = made.lastrowid
    return redirect(url_for("accounts.own_orders"), 303)


@pages.get("/login")
def entrance() -> str:
    """The form to log in with."""
    return render_template("login.html", failed=False)


@pages.post("/login")
def login() -> Response | tuple[str, int]:
    """Logs in and goes where the form says; 401 for a wrong address or password."""
    if not log_in(request.form.get("email"), request.form.get("password")):
        return render_template("login.html", failed=True), 401
    return redirects.after_login()


@pages.post("/logout")
def logout() -> Response:
    """Logs out."""
    session.pop("account", None)
    return redirect(url_for("catalogue.home"), 303)


@pages.get("/orders")
def own_orders() -> Response | str:
    """What this customer has ordered."""
    account = current()
    if account is None:
        return redirect(url_for("accounts.entrance", next=url_for("accounts.own_orders")), 303)
    return render_template("orders.html", orders=orders.latest(str(account["email"])))


def log_in(address: object, password: object) -> bool:
    """Whether the two belong together; if so, this visit is that account's.

    Answers 429 to an address that was tried too often.
    """
    email, given = fields.email(address), fields.password(password)
    if not attempts.allowed(email):
        abort(429)
    found = database.current().execute("SELECT id, digest FROM accounts WHERE email = ?", (email,))
    account: sqlite3.Row | None = found.fetchone()
    if account is None or not passwords.matches(str(account["digest"]), given):
        attempts.failed(email)
        return False
    session["account"] = int(account["id"])
    return True


def current() -> sqlite3.Row | None:
    """The account this visit belongs to."""
    if "account" not in session:
        return None
    if "account" not in g:
        found = database.current().execute("SELECT id, email, role FROM accounts WHERE id = ?", (session["account"],))
        g.account = found.fetchone()
    account: sqlite3.Row | None = g.account
    return account


def require_admin() -> None:
    """Refuses everybody but the shop's keeper with 403."""
    account = current()
    if account is None or account["role"] != "admin":
        abort(403)
