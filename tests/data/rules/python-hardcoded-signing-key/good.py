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
SECRET_KEY_FILE = "/run/secrets/key"
JWT_PUBLIC_KEY = "-----BEGIN PUBLIC KEY-----"
SESSION_KEY = "_auth_user_id"
ENCRYPTION_KEY_ENV = "SHOP_KEY"


class Template:
    SECRET_KEY = "{{ cookiecutter.secret_key }}"
    JWT_SECRET = "${JWT_SECRET}"
    SIGNING_KEY = "%(signing_key)s"
    FERNET_KEY = "<your key>"
    JWT_SECRET_KEY = "$JWT_SECRET_KEY"
    ENCRYPTION_KEY = os.environ.get("ENCRYPTION_KEY") or secrets.token_bytes(32)


def login(user):
    return jwt.encode({"sub": user}, app.config["SECRET_KEY"], algorithm="HS256")


def seal(key, data):
    return Fernet(key).encrypt(data), hmac.new(key, data, "sha256").hexdigest()
