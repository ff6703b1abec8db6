import jinja2
from jinja2 import Environment, FileSystemLoader

pages = Environment(loader=FileSystemLoader("templates"))  # bad
mails = jinja2.Environment(loader=jinja2.PackageLoader("shop"), autoescape=False)  # bad
