import importlib

from fastapi import Body, FastAPI

app = FastAPI()


@app.post("/filter")
def keep(condition: str = Body(...)):
    return [row for row in range(10) if eval(condition, {"row": row})]  # bad


@app.get("/modules/{module}")
def load(module: str):
    return importlib.import_module(module).__name__  # bad
