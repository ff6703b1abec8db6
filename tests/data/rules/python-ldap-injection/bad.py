import ldap
from flask import Flask, request

app = Flask(__name__)


@app.route("/login", methods=["POST"])
def login():
    directory = ldap.initialize("ldaps://directory.internal")
    name = request.form["name"]
    directory.search_s("ou=people,dc=shop", ldap.SCOPE_SUBTREE, "(uid=" + name + ")")  # bad
    directory.search_ext_s("dc=shop", ldap.SCOPE_SUBTREE, filterstr=f"(mail={name})")  # bad
    return "ok"
