CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    cents INTEGER NOT NULL
);
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    digest TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('customer', 'admin'))
);
CREATE TABLE reviews (
    id INTEGER PRIMARY KEY,
    product INTEGER NOT NULL REFERENCES products (id),
    body TEXT NOT NULL
);
CREATE INDEX reviews_of_a_product ON reviews (product);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL,
    cents INTEGER NOT NULL
);
CREATE INDEX orders_of_an_address ON orders (email);
CREATE TABLE order_lines (
    order_id INTEGER NOT NULL REFERENCES orders (id),
    product INTEGER NOT NULL REFERENCES products (id),
    quantity INTEGER NOT NULL,
    PRIMARY KEY (order_id, product)
) WITHOUT ROWID;
