from jinja2 import Environment, FileSystemLoader, select_autoescape

pages = Environment(loader=FileSystemLoader("templates"), autoescape=True)
mails = Environment(loader=FileSystemLoader("mails"), autoescape=select_autoescape())


def configured(escape):
    return Environment(autoescape=escape)


def made(**options):
    return Environment(**options)
