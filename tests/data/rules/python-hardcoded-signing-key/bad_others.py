import os

import jwt
from Crypto.Cipher import AES

SECRET_KEY = "corner-shop"  # bad
FERNET_KEY = os.getenv("FERNET_KEY", "fallback")  # bad


def tokens(claims, token, data):
    made = jwt.encode(claims, key="signing-key", algorithm="HS256")  # bad
    read = jwt.decode(token, key="signing-key", algorithms=["HS256"])  # bad
    return made, read, AES.new(b"0123456789abcdef", AES.MODE_GCM).encrypt(data)  # bad
