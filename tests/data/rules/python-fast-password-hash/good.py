import hashlib

from argon2 import PasswordHasher
from werkzeug.security import generate_password_hash


class Account:
    def set_password(self, password: str) -> None:
        self.stored = generate_password_hash(password)


def derive(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)


def modern(password: str) -> str:
    return PasswordHasher().hash(password)


def checksum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
