import ldap
from flask import Flask, request
from ldap.filter import escape_filter_chars, filter_format

app = Flask(__name__)


@app.route("/login", methods=["POST"])
def login():
    directory = ldap.initialize("ldaps://directory.internal")
    name = request.form["name"]
    directory.search_s("ou=people,dc=shop", ldap.SCOPE_SUBTREE, "(uid=" + escape_filter_chars(name) + ")")
    directory.search_s("dc=shop", ldap.SCOPE_SUBTREE, filter_format("(mail=%s)", [name]))
    directory.search_s("dc=shop", ldap.SCOPE_SUBTREE, "(number=%d)" % int(name))
    return "ok"
