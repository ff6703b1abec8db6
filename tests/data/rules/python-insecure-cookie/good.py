from flask import Flask, make_response

app = Flask(__name__)
app.config["SESSION_COOKIE_SECURE"] = True
COOKIE = {"secure": True, "httponly": True}


@app.post("/login")
def login():
    response = make_response("", 204)
    response.set_cookie("session_id", "abc", secure=True, httponly=True, samesite="Lax")
    response.set_cookie("auth", "abc", httponly=True, samesite="Lax", secure=True)
    response.set_cookie("token", "abc", **COOKIE)
    response.set_cookie("language", "en")
    response.set_cookie("csrf_token", "abc", secure=True)
    return response
