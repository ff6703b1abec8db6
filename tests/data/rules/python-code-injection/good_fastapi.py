from fastapi import FastAPI

app = FastAPI()


@app.get("/filter")
def keep(minimum: int):
    return [row for row in range(10) if eval("row >= minimum", {"row": row, "minimum": minimum})]
