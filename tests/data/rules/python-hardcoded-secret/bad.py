import os

import psycopg
from shop.mail import Mailer

DB_PASSWORD = "Corr3ct-h0rse"  # bad
api_key: str = "b7f1c4d09a2e48538d6f"  # bad
settings = {
    "user": "shop",
    "password": "W4rehouse!9",  # bad
}
settings["auth_token"] = "9f8a7c6e5d4b3a21"  # bad


class Config:
    CLIENT_SECRET = "kZ8-uQ2_rT5.mN1"  # bad


def connect():
    return psycopg.connect(host="db.internal", user="shop", password="St0ck&Flow")  # bad


def mailer():
    mailer = Mailer("mail.internal")
    mailer.password = "P0st-0ffice"  # bad
    mailer.token = os.environ.get("MAIL_TOKEN", "tk-41b9c07ad2")  # bad
    return mailer
