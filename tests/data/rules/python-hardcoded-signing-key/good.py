import hmac
import os
import secrets

import jwt
from cryptography.fernet import Fernet
from flask import Flask

app = Flask(__name__)
app.secret_key = os.environ["SECRET_KEY"]
app.config["SECRET_KEY"] = secrets.token_bytes(32)
SECRET_KEY = os.environ.get("SECRET_KEY")
SECRET_KEY_NAME = "shop/secret-key"


def login(user):
    return jwt.encode({"sub": user}, app.config["SECRET_KEY"], algorithm="HS256")


def seal(key, data):
    return Fernet(key).encrypt(data), hmac.new(key, data, "sha256").hexdigest()
