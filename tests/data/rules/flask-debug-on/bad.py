from fastapi import FastAPI
from flask import Flask
from flask_socketio import SocketIO

app = Flask(__name__)
app.config["DEBUG"] = True  # bad
socketio = SocketIO(app)
api = FastAPI(title="Shop", debug=True)  # bad

if __name__ == "__main__":
    app.run(host="0.0.0.0", debug=True)  # bad
    socketio.run(app, debug=True)  # bad
