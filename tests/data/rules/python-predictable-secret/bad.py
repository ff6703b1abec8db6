import random
import string
from random import randint

ALPHABET = string.ascii_letters + string.digits


def reset(user):
    user.reset_token = "".join(random.choice(ALPHABET) for _ in range(32))  # bad
    user.save()


def password_for_guest():
    return "".join(random.sample(ALPHABET, 12))  # bad


def code(session):
    otp = randint(100000, 999999)  # bad
    session["otp"] = otp  # bad


def account(make):
    return make(name="guest", password=str(random.getrandbits(64)))  # bad
