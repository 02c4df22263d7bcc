"""A lender of films: views, triggers, choices by CHECK, generated columns, every kind of table and value."""

SCRIPT = """
CREATE TABLE language (language_id INTEGER PRIMARY KEY, name CHAR(20) NOT NULL, last_update TIMESTAMP DEFAULT
  CURRENT_TIMESTAMP);
CREATE TABLE film (
  film_id INTEGER PRIMARY KEY AUTOINCREMENT, title VARCHAR(255) NOT NULL, description TEXT, release_year TEXT,
  language_id INTEGER NOT NULL REFERENCES language ON UPDATE CASCADE ON DELETE RESTRICT,
  original_language_id INTEGER REFERENCES language, rental_rate DECIMAL(4, 2) NOT NULL DEFAULT 4.99, length SMALLINT,
  rating TEXT DEFAULT 'G' CHECK (rating IN ('G', 'PG', 'PG-13', 'R', 'NC-17')),
  features JSON, hours REAL GENERATED ALWAYS AS (length / 60.0) STORED, label TEXT AS (title || ' (' ||
    coalesce(release_year, '?') || ')'),
  UNIQUE (title, release_year)
);
CREATE TABLE actor (actor_id INTEGER PRIMARY KEY, first_name TEXT NOT NULL, last_name TEXT NOT NULL) STRICT;
CREATE TABLE film_actor (
  actor_id INTEGER NOT NULL REFERENCES actor ON DELETE CASCADE, film_id INTEGER NOT NULL REFERENCES film ON DELETE
    CASCADE,
  billing INTEGER, PRIMARY KEY (film_id, actor_id)
) WITHOUT ROWID;
CREATE TABLE inventory (inventory_id INTEGER PRIMARY KEY, film_id INTEGER NOT NULL REFERENCES film, store TEXT);
CREATE TABLE rental (
  rental_id INTEGER PRIMARY KEY, inventory_id INTEGER NOT NULL REFERENCES inventory ON DELETE CASCADE, customer
    TEXT NOT NULL,
  rented DATETIME NOT NULL, returned DATETIME, CHECK (returned IS NULL OR returned >= rented)
);
CREATE TABLE counts (film_id INTEGER PRIMARY KEY, rentals INTEGER NOT NULL DEFAULT 0);
CREATE TRIGGER rental_counted AFTER INSERT ON rental BEGIN
  INSERT OR IGNORE INTO counts (film_id) SELECT film_id FROM inventory WHERE inventory_id = new.inventory_id;
  UPDATE counts SET rentals = rentals + 1 WHERE film_id = (SELECT film_id FROM inventory WHERE inventory_id =
    new.inventory_id);
END;
CREATE TRIGGER rental_uncounted AFTER DELETE ON rental BEGIN
  UPDATE counts SET rentals = rentals - 1 WHERE film_id = (SELECT film_id FROM inventory WHERE inventory_id =
    old.inventory_id);
END;
CREATE TRIGGER language_touched AFTER UPDATE OF name ON language WHEN old.name <> new.name BEGIN
  UPDATE language SET last_update = '2024-01-01 00:00:00' WHERE language_id = new.language_id;
END;
CREATE TABLE anything (a, b ANY, c NUMERIC, d INTEGER, e TEXT, f REAL, g BLOB);
CREATE TABLE strictly (k ANY PRIMARY KEY, v BLOB, n INTEGER, r REAL, t TEXT) STRICT;
CREATE INDEX films_by_length ON film (length) WHERE length IS NOT NULL;
CREATE INDEX films_by_lower_title ON film (lower(title));
CREATE VIEW film_list AS
  SELECT f.film_id AS "FID", f.title, l.name AS language, group_concat(a.last_name, ', ') AS actors
  FROM film f JOIN language l USING (language_id) LEFT JOIN film_actor fa USING (film_id) LEFT JOIN actor a USING
    (actor_id)
  GROUP BY f.film_id;
CREATE VIEW late AS SELECT r.*, julianday(returned) - julianday(rented) AS days FROM rental r WHERE returned IS
  NULL OR days > 3;
CREATE VIEW late_customers AS SELECT customer, count(*) AS n FROM late GROUP BY customer;

INSERT INTO language VALUES (1, 'English', '2006-02-15 05:02:19'), (2, 'Français', '2006-02-15T05:02:19Z'), (3,
  '日本語', NULL);
INSERT INTO film (title, description, release_year, language_id, original_language_id, rental_rate, length, rating,
  features)
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 30)
  SELECT 'FILM ' || i, CASE WHEN i % 4 THEN 'A tale of ' || i END, CASE WHEN i % 5 THEN 2000 + i END, 1 + i % 3,
    CASE WHEN i % 6 = 0 THEN 2 END, 0.99 + i % 3, CASE WHEN i % 7 THEN 46 + i END,
    CASE i % 4 WHEN 0 THEN 'G' WHEN 1 THEN 'PG' WHEN 2 THEN 'PG-13' END,
    CASE i % 3 WHEN 0 THEN '["Trailers", {"cut": ' || i || '}]' WHEN 1 THEN '"text"' END FROM n;
INSERT INTO actor VALUES (1, 'PENELOPE', 'GUINESS'), (2, 'NICK', 'O''WAHLBERG'), (3, '', 'X');
INSERT INTO film_actor SELECT 1 + film_id % 3, film_id, CASE WHEN film_id % 2 THEN film_id END FROM film;
INSERT INTO film_actor SELECT 2, film_id, 0 FROM film WHERE film_id % 3 = 0;
INSERT INTO inventory SELECT film_id, film_id, CASE film_id % 2 WHEN 0 THEN 'North' ELSE 'South' END FROM film;
INSERT INTO rental
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 30)
  SELECT i, 1 + (i * 11) % 30, 'C' || i % 5, datetime('2005-05-24 22:53:30', '+' || i || ' hours'),
    CASE WHEN i % 3 THEN datetime('2005-05-24 22:53:30', '+' || (i * 9) || ' hours') END FROM n;
INSERT INTO anything VALUES
  (1, '1', 1.5, 1, 'a', 1.0, x'00'), ('1', 1, 1e300, 9223372036854775807, '', 9e999, 'text in a blob'), (x'31',
    NULL, 'no number', NULL, NULL, NULL, NULL),
  (1.5, x'', -9223372036854775808, -1, '=1+1', -9e999, 7);
INSERT INTO strictly VALUES (1, x'00', 1, 1.5, 'one'), ('1', NULL, NULL, NULL, NULL), (x'31', x'', -1, -0.1, ''),
  (1.5, x'ff', 9007199254740993, 5e-324, 'é');
"""
