from flask import Flask, request
from lxml import etree

app = Flask(__name__)


@app.route("/user")
def user():
    tree = etree.parse("users.xml")
    name = request.args["name"]
    found = tree.xpath("//user[@name='" + name + "']")  # bad
    found += etree.XPath(f"//user[@name='{name}']")(tree)  # bad
    found += etree.ETXPath("//user[@name='%s']" % name)(tree)  # bad
    return str(len(found))
