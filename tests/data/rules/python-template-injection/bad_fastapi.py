from fastapi import FastAPI, Form
from fastapi.responses import HTMLResponse
from mako.template import Template

app = FastAPI()


@app.post("/newsletter")
def newsletter(text: str = Form()):
    return HTMLResponse(Template(text).render())  # bad
