"""sales_data.db: five sales, and 50,000 orders of 400 customers, the same on every machine."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

ORDERS = 50_000
CUSTOMERS = 400
FIRST_DAY = date(2022, 1, 1)
DAYS = 1096
REGIONS = {
    "North": ("Hamburg", "Oslo", "Edinburgh"),
    "South": ("Sevilla", "Napoli", "Chennai"),
    "East": ("Kraków", "Iași", "Osaka"),
    "West": ("Porto", "Galway", "Seattle"),
}
FIRST_NAMES = (
    "Asha Bruno Chiara Dilip Elif Farid Greta Hiro Ines Jonas Kofi Lena Mei Noor Olga Pablo Ravi Søren Tara Uma".split()
)
LAST_NAMES = (
    "Adeyemi Brandt Costa D'Souza Eriksen Fischer García Hughes Ito Jansen Kowalski López Meyer Nair O'Brien".split()
)
PRODUCTS = [
    ("Product1", "Paper", 4.9),
    ("Product2", "Paper", 12.5),
    ("Product3", "Ink", 24.0),
    ("Product4", "Ink", 39.9),
    ("Product5", "Furniture", 149.0),
    ("Product6", "Furniture", 320.0),
    ("Product7", "Lamps", 59.0),
    ("Product8", "Lamps", 89.5),
]
STATUSES = ("paid", "paid", "paid", "paid", "paid", "open", "open", "returned")

TABLES = """
CREATE TABLE sales (
    id INTEGER PRIMARY KEY,
    date TEXT NOT NULL,
    product TEXT NOT NULL,
    sales INTEGER,
    region TEXT
);
CREATE TABLE customers (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    city TEXT NOT NULL,
    region TEXT NOT NULL,
    email TEXT UNIQUE,
    since DATE NOT NULL
);
CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    category TEXT NOT NULL,
    price REAL NOT NULL CHECK (price > 0)
);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    date DATE NOT NULL,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    product_id INTEGER NOT NULL REFERENCES products (id),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    amount REAL NOT NULL,
    status TEXT NOT NULL,
    rating INTEGER
);
CREATE INDEX orders_by_date ON orders (date);
CREATE INDEX orders_by_customer ON orders (customer_id);
CREATE INDEX orders_by_product ON orders (product_id);
"""
SALES = [
    ("2023-01-01", "Product1", 100, "North"),
    ("2023-01-02", "Product2", 200, "South"),
    ("2023-01-03", "Product1", 150, "East"),
    ("2023-01-04", "Product3", 250, "West"),
    ("2023-01-05", "Product2", 300, "North"),
]


def fill(driver: Any) -> None:
    """Makes and fills the tables through a PEP 249 connection."""
    drawn = random.Random(2023)  # noqa: S311 - the same data everywhere is what is wanted
    driver.executescript(TABLES)
    driver.execute("BEGIN")
    driver.executemany("INSERT INTO sales (date, product, sales, region) VALUES (?, ?, ?, ?)", SALES)
    driver.executemany("INSERT INTO products (name, category, price) VALUES (?, ?, ?)", PRODUCTS)
    driver.executemany(
        "INSERT INTO customers (name, city, region, email, since) VALUES (?, ?, ?, ?, ?)", _customers(drawn)
    )
    driver.executemany(
        "INSERT INTO orders (date, customer_id, product_id, quantity, amount, status, rating)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        _orders(drawn),
    )


def _customers(drawn: random.Random) -> Iterator[tuple[str, str, str, str | None, str]]:
    for number in range(1, CUSTOMERS + 1):
        first, last = drawn.choice(FIRST_NAMES), drawn.choice(LAST_NAMES)
        region = drawn.choice(list(REGIONS))
        email = f"customer{number}@example.com" if drawn.random() > 0.1 else None
        since = FIRST_DAY - timedelta(days=drawn.randrange(2000))
        yield f"{first} {last}", drawn.choice(REGIONS[region]), region, email, since.isoformat()


def _orders(drawn: random.Random) -> Iterator[tuple[str, int, int, int, float, str, int | None]]:
    days = [(FIRST_DAY + timedelta(days=number)).isoformat() for number in range(DAYS)]
    for number in range(ORDERS):
        product = int(drawn.random() ** 2 * len(PRODUCTS))
        quantity = 1 + int(drawn.random() ** 3 * 20)
        yield (
            days[number * DAYS // ORDERS],
            1 + int(drawn.random() * CUSTOMERS),
            product + 1,
            quantity,
            round(quantity * PRODUCTS[product][2], 2),
            STATUSES[int(drawn.random() * len(STATUSES))],
            1 + int(drawn.random() * 5) if drawn.random() < 0.4 else None,
        )
