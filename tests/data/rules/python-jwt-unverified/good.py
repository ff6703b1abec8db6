import jwt


def who(token, key):
    first = jwt.decode(token, key, algorithms=["HS256"])
    second = jwt.decode(token, key, algorithms=["ES256"], options={"verify_aud": False})
    return first, second, jwt.encode({"sub": 1}, key, algorithm="HS256")
