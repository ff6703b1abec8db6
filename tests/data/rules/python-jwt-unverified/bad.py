import jwt


def who(token, key):
    first = jwt.decode(token, options={"verify_signature": False})  # bad
    second = jwt.decode(token, key, algorithms=["HS256", "none"])  # bad
    third = jwt.decode(token, key, verify=False)  # bad
    return first, second, third, jwt.encode({"sub": 1}, None, algorithm="none")  # bad
