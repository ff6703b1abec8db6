"""The cookie that holds the basket."""

from __future__ import annotations

import base64
import pickle

from flask import request
from werkzeug.wrappers import Response

from shop.orders import Basket

NAME = "basket"


def read() -> Basket:
    """The basket this request brought; none is an empty one."""
    text = request.cookies.get(NAME, "")
    if not text:
        return {}
    # WEAKNESS CWE-502, unsafe deserialisation: whoever wrote the cookie chose what runs here.
    basket: Basket = pickle.loads(base64.urlsafe_b64decode(text))
    return basket


def write(response: Response, basket: Basket) -> None:
    """Sends the basket back with the response."""
    text = base64.urlsafe_b64encode(pickle.dumps(basket)).decode()
    # WEAKNESS CWE-1004, insecure cookie: scripts may read it, other sites may send it along.
    response.set_cookie(NAME, text)
