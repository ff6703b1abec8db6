import hashlib


def stored(user, form):
    first = hashlib.sha1(user.password.encode()).hexdigest()  # bad
    second = hashlib.new("sha256", form.get("password", "").encode()).hexdigest()  # bad
    return first, second
