import random
import secrets
import string

ALPHABET = string.ascii_letters + string.digits


def reset(user):
    user.reset_token = secrets.token_urlsafe(32)


def new_password():
    return "".join(secrets.choice(ALPHABET) for _ in range(12))


def system_password():
    return "".join(random.SystemRandom().choice(ALPHABET) for _ in range(12))


def shuffle(products):
    chosen = random.sample(products, 3)
    secret_santa = random.choice(products)
    delay = random.uniform(0.5, 1.5)
    return chosen, delay, secret_santa
