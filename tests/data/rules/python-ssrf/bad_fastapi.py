import aiohttp
import httpx
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Webhook(BaseModel):
    url: str


@app.get("/fetch")
async def fetch(url: str):
    async with httpx.AsyncClient() as client:
        answer = await client.get(url)  # bad
    return answer.text


@app.post("/webhooks")
async def webhook(hook: Webhook):
    async with aiohttp.ClientSession() as session:
        async with session.request("POST", hook.url) as answer:  # bad
            return answer.status


@app.get("/stream")
def stream(address: str):
    return httpx.get(url=address).json()  # bad
