from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from .database import connect, session
from .models import Product

router = APIRouter()


@router.get("/products/{name}")
async def product(name: str, db: Session = Depends(session)):
    return db.execute(text("SELECT * FROM product WHERE name = :name"), {"name": name}).all()


@router.get("/products/{number}/stock")
async def stock(number: Annotated[int, Path(gt=0)], db: Annotated[Session, Depends(session)]):
    return db.execute(text(f"SELECT * FROM stock_{number}")).all()


@router.get("/names")
async def names(name: str, db: Session = Depends(session)):
    return db.scalars(select(Product).where(Product.name.startswith(name))).all()


@router.post("/hooks")
async def hook(req: Request):
    payload = await req.json()
    pool = await connect()
    await pool.execute("UPDATE sale SET state = $1", payload["state"])
    return {"ok": True}
