import httpx
from fastapi import FastAPI

app = FastAPI()


class Catalogue:
    def __init__(self, base: str) -> None:
        self.base = base


@app.get("/weather/{city}")
async def weather(city: str):
    async with httpx.AsyncClient(base_url="https://weather.example") as client:
        first = await client.get("https://weather.example/v1", params={"city": city})
        second = await client.get(f"https://weather.example/v1/{city}")
    return [first.json(), second.json()]


@app.get("/stock/{number}")
def stock(number: int):
    return httpx.get("https://stock.example/" + str(number)).json()
