"""The cookie that holds the basket."""

from __future__ import annotations

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response

from shop.orders import Basket

NAME = "basket"


def read() -> Basket:
    """The basket this request brought; none, or one the shop didn't sign, is an empty one."""
    # FIXED CWE-502: signed JSON, which can only hold what the shop wrote.
    try:
        pairs: list[tuple[int, int]] = signer().loads(request.cookies.get(NAME, ""))
    except BadSignature:
        return {}
    return dict(pairs)


def write(response: Response, basket: Basket) -> None:
    """Sends the basket back with the response."""
    # FIXED CWE-1004: not for scripts, not from other sites, and over TLS alone where there is TLS.
    response.set_cookie(
        NAME,
        signer().dumps(list(basket.items())),
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )


def signer() -> URLSafeSerializer:
    """Writes and reads texts that only the holder of the secret key can have made."""
    return URLSafeSerializer(str(current_app.secret_key), salt=NAME)
