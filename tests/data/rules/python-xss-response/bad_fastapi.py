from fastapi import FastAPI, Form
from fastapi.responses import HTMLResponse

app = FastAPI()


@app.get("/hello/{name}")
def hello(name: str):
    return HTMLResponse(f"<h1>Hello {name}</h1>")  # bad


@app.post("/comment", response_class=HTMLResponse)
def comment(text: str = Form()):
    return "<li>" + text + "</li>"  # bad
