import ssl
import urllib.request

import aiohttp
import httpx
import requests


def price(session):
    first = requests.get("https://prices.internal/v1", verify=False, timeout=5)  # bad
    second = session.post("https://prices.internal/v1", json={}, verify=False)  # bad
    session.verify = False  # bad
    return first, second, httpx.Client(verify=False)  # bad


def unverified(url):
    return urllib.request.urlopen(url, context=ssl._create_unverified_context())  # bad


def context():
    made = ssl.create_default_context()
    made.check_hostname = False  # bad
    made.verify_mode = ssl.CERT_NONE  # bad
    return made


def connector():
    return aiohttp.TCPConnector(ssl=False)  # bad
