import pandas
import psycopg
import psycopg2.sql
from django.views.generic import ListView
from sqlalchemy import literal_column, sql

from .forms import SearchForm
from .models import Product, engine


def search(request):
    form = SearchForm(request.POST)
    name = form.cleaned_data["name"]
    pandas.read_sql("SELECT * FROM product WHERE name = '" + name + "'", engine)  # bad
    pandas.read_sql_query("SELECT * FROM product WHERE name = '" + name + "'", engine)  # bad
    return Product.objects.filter(active=True).extra(select={"rank": "rank_" + name})  # bad


def flask_form(form, connection):
    connection.execute(psycopg.sql.SQL("SELECT * FROM " + form.table.data))  # bad
    connection.execute(psycopg2.sql.SQL("SELECT * FROM " + form.table.data))  # bad
    connection.execute(sql.text("SELECT * FROM " + form.table.data))  # bad
    return literal_column("lower(" + form.column.data + ")")  # bad


class ByTag(ListView):
    def get_queryset(self):
        return Product.objects.raw("SELECT * FROM product WHERE tag = '%s'" % self.kwargs["tag"])  # bad


class SearchForm2(SearchForm):
    def save(self, cursor):
        cursor.execute("INSERT INTO search VALUES ('" + self.cleaned_data["name"] + "')")  # bad
