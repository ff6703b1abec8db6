import hmac
import os

import jwt
from cryptography.fernet import Fernet
from flask import Flask
from itsdangerous import URLSafeTimedSerializer

app = Flask(__name__)
app.secret_key = "dev"  # bad
app.config["SECRET_KEY"] = "corner-shop"  # bad
app.config.update(JWT_SECRET_KEY="another", DEBUG=False)  # bad
app.config.from_mapping(SECRET_KEY="dev", DATABASE="shop.db")  # bad
SECRET_KEY = os.environ.get("SECRET_KEY", "fallback")  # bad


def login(user):
    return jwt.encode({"sub": user}, "signing-key", algorithm="HS256")  # bad


def whoami(token):
    return jwt.decode(token, "signing-key", algorithms=["HS256"])  # bad


def seal(data):
    return Fernet(b"bG9uZy1lbm91Z2gtZm9yLWEtZmVybmV0LWtleS4uLg==").encrypt(data)  # bad


def sign(data):
    return hmac.new(b"shop", data, "sha256").hexdigest()  # bad


def link(user):
    return URLSafeTimedSerializer("shop").dumps(user)  # bad
