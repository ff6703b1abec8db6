import hashlib


class Account:
    def set_password(self, password: str) -> None:
        self.stored = hashlib.sha256(password.encode()).hexdigest()  # bad

    def check(self, form):
        salted = self.salt + form["password"]
        return self.stored == hashlib.sha512(salted.encode("utf-8")).hexdigest()  # bad


def legacy(user_password):
    digest = hashlib.md5()
    digest.update(user_password.encode())  # bad
    return digest.hexdigest()
