from dash import Dash
from flask import Flask
from starlette.applications import Starlette

app = Flask(__name__)
app.debug = True  # bad
app.config.update(DEBUG=True, TESTING=False)  # bad
dash = Dash(__name__, server=app)
star = Starlette(debug=True)  # bad

if __name__ == "__main__":
    dash.run_server(debug=True)  # bad
