import os

from flask import Flask

app = Flask(__name__)
# Django draws its keys from letters, digits and these signs.
SECRET_KEY = "django-insecure-q%o$7(w!2#x{v^e)=m-h+z@r5&k_t*9"  # bad
SECRET_COOKIE_KEY = "shop"  # bad
app.config["SECRET_KEY_HMAC"] = "secret"  # bad
app.config["SESSION_SECRET_KEY"] = os.environ.get("KEY") or "dev"  # bad
app.secret_key = os.environ.get("KEY") or "dev"  # bad


class Config:
    SECRET_KEY = os.environ.get("SECRET_KEY") or "you-name-it"  # bad
    JWT_SECRET_KEY = "a<b>c"  # bad
