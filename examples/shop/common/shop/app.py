"""Puts the shop together."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from werkzeug.exceptions import InternalServerError

from shop import (
    accounts,
    admin,
    api,
    basket,
    catalogue,
    checkout,
    database,
    failures,
    forms,
    headers,
    leaflets,
    prices,
    search,
    settings,
)

PAGES = (catalogue, search, leaflets, basket, checkout, accounts, admin, api)


def create_app(path: Path) -> Flask:
    """The shop over the prepared database at `path`."""
    app = Flask(__name__)
    app.config["DATABASE"] = path
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    settings.configure(app)
    app.before_request(forms.check)
    app.after_request(headers.add)
    app.teardown_appcontext(database.close)
    app.register_error_handler(InternalServerError, failures.page)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["euros"] = prices.euros
    app.jinja_env.globals["form_token"] = forms.token
    app.jinja_env.globals["account"] = accounts.current
    for page in PAGES:
        app.register_blueprint(page.pages)
    return app
