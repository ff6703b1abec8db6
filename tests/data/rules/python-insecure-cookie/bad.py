from flask import Flask, make_response

app = Flask(__name__)
app.config["SESSION_COOKIE_SECURE"] = False  # bad
app.config.update(SESSION_COOKIE_HTTPONLY=False)  # bad
CSRF_COOKIE_SECURE = False  # bad


@app.post("/login")
def login():
    response = make_response("", 204)
    response.set_cookie("session_id", "abc", samesite="Lax")  # bad
    response.set_cookie("cart", "1", secure=False)  # bad
    response.set_cookie("seen", "1", httponly=False)  # bad
    response.set_cookie(key="access_token", value="abc", secure=True)  # bad
    return response
