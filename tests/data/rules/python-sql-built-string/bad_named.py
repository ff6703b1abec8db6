from sqlalchemy import sql


def find(session, table):
    return session.execute(sql.text("SELECT * FROM {table}".format(table=table)))  # bad
