import asyncio
import os

from fastapi import FastAPI
from flask import Flask

app = Flask(__name__)
app.config["DEBUG"] = bool(os.environ.get("SHOP_DEBUG"))
api = FastAPI(title="Shop")


async def main():
    pass


if __name__ == "__main__":
    asyncio.run(main(), debug=True)
    app.run(debug=False)
    app.run(debug=os.environ.get("SHOP_DEBUG") == "1")
