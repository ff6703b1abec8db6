from fastapi import FastAPI
from flask import Flask
from flask_cors import CORS
from starlette.middleware.cors import CORSMiddleware

api = FastAPI()
api.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"], allow_credentials=True)
api.add_middleware(CORSMiddleware, allow_origins=["*"])
CORS(Flask(__name__))
CORS(Flask(__name__), origins=["https://shop.example"], supports_credentials=True)
CORS_ALLOW_ALL_ORIGINS = True
