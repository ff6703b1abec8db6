from html import escape

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

app = FastAPI()


@app.get("/hello/{name}")
def hello(name: str):
    return HTMLResponse(f"<h1>Hello {escape(name)}</h1>")


@app.get("/echo")
def echo(text: str):
    return text


@app.get("/echo/object")
def echo_object(text: str):
    return {"text": text}
