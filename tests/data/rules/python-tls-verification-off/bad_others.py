import ssl

import aiohttp
import urllib3

ssl._create_default_https_context = ssl._create_unverified_context  # bad
pool = urllib3.PoolManager(cert_reqs="CERT_NONE")  # bad
connector = aiohttp.TCPConnector(verify_ssl=False)  # bad


def wrapped(connection):
    return ssl.wrap_socket(connection, cert_reqs=ssl.CERT_NONE)  # bad
