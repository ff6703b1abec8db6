import ssl

import httpx
import requests


def price(session):
    session.verify = "/etc/ssl/shop-ca.pem"
    first = requests.get("https://prices.internal/v1", timeout=5)
    second = httpx.Client(verify=ssl.create_default_context())
    return first, second, session.post("https://prices.internal/v1", verify=True)


def context():
    made = ssl.create_default_context(cafile="/etc/ssl/shop-ca.pem")
    made.check_hostname = True
    made.verify_mode = ssl.CERT_REQUIRED
    return made


def check(document, schema):
    return document.validate(schema, verify=False)
