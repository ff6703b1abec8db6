from fastapi import FastAPI
from flask import Flask
from flask_cors import CORS
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

api = FastAPI()
api.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)  # bad
middleware = [Middleware(CORSMiddleware, allow_credentials=True, allow_origins=["*"])]  # bad
CORS(Flask(__name__), supports_credentials=True)  # bad
CORS(Flask(__name__), origins="*", supports_credentials=True)  # bad
