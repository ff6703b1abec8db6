import os
from getpass import getpass

import psycopg

DB_PASSWORD = os.environ["DB_PASSWORD"]
API_KEY = os.getenv("API_KEY", "")
PASSWORD_FIELD = "new_password2"
password_url = "https://shop.example/reset/1"
TOKEN_HEADER = "X-Auth-Token-2"
EXAMPLE = {"password": "your-password-1", "token": "<token from step 2>"}
password = "changeme-1"
secret = "test-secret-123"
csrf_token = "csrfmiddlewaretoken-2"
eos_token = "<|endoftext|>#1"
token = "Bearer"
next_page_token = "CAUQAA==-9f8a7c6e"
SECRET_TEMPLATE = "{user}-{number}-key"


def connect():
    return psycopg.connect(host="db.internal", user="shop", password=getpass())


def labels(form):
    form.password = "Passwort (mindestens 8 Zeichen)"
    return {"password": "Enter 8 or more letters"}
