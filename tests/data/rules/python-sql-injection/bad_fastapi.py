from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.orm import Session

from .database import connect, session

router = APIRouter()


class Order(BaseModel):
    product: str
    note: str | None = None


@router.get("/products/{name}")
async def product(name: str, db: Session = Depends(session)):
    return db.execute(text(f"SELECT * FROM product WHERE name = '{name}'")).all()  # bad


@router.get("/products")
async def products(sort: str = Query("name"), limit: int = 20):
    pool = await connect()
    return await pool.fetchrow("SELECT * FROM product ORDER BY " + sort)  # bad


@router.post("/orders")
def order(order: Order, db: Session = Depends(session)):
    db.connection().exec_driver_sql("INSERT INTO sale VALUES ('" + order.product + "')")  # bad
    return {"ok": True}


@router.post("/hooks")
async def hook(req: Request):
    payload = await req.json()
    pool = await connect()
    await pool.execute("UPDATE sale SET state = '{}'".format(payload["state"]))  # bad
    return {"ok": True}
