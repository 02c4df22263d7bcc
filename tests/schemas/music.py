"""A shop of music: self reference, many to many, money, invoices with lines."""

SCRIPT = """
CREATE TABLE artists (artist_id INTEGER PRIMARY KEY AUTOINCREMENT, name NVARCHAR(120) NOT NULL UNIQUE);
CREATE TABLE albums (
  album_id INTEGER PRIMARY KEY, title NVARCHAR(160) NOT NULL,
  artist_id INTEGER NOT NULL REFERENCES artists (artist_id) ON DELETE CASCADE ON UPDATE CASCADE, cover BLOB
);
CREATE INDEX albums_of_artist ON albums (artist_id);
CREATE TABLE genres (genre_id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE tracks (
  track_id INTEGER PRIMARY KEY, name TEXT NOT NULL, album_id INTEGER REFERENCES albums ON DELETE SET NULL,
  genre_id INTEGER DEFAULT 1 REFERENCES genres, composer TEXT, milliseconds INTEGER NOT NULL CHECK (milliseconds > 0),
  unit_price NUMERIC(10, 2) NOT NULL DEFAULT 0.99, explicit BOOLEAN NOT NULL DEFAULT 0
);
CREATE TABLE playlists (playlist_id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE playlist_track (
  playlist_id INTEGER NOT NULL REFERENCES playlists ON DELETE CASCADE,
  track_id INTEGER NOT NULL REFERENCES tracks ON DELETE CASCADE, PRIMARY KEY (playlist_id, track_id)
);
CREATE TABLE employees (
  employee_id INTEGER PRIMARY KEY, last_name TEXT NOT NULL, first_name TEXT, title TEXT,
  reports_to INTEGER REFERENCES employees (employee_id), birth_date DATE, hired_at DATETIME
);
CREATE TABLE customers (
  customer_id INTEGER PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE, email TEXT UNIQUE,
  support_rep_id INTEGER REFERENCES employees
);
CREATE TABLE invoices (
  invoice_id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers, invoice_date DATETIME NOT NULL,
  total NUMERIC(10, 2) NOT NULL
);
CREATE TABLE invoice_lines (
  invoice_line_id INTEGER PRIMARY KEY, invoice_id INTEGER NOT NULL REFERENCES invoices ON DELETE CASCADE,
  track_id INTEGER NOT NULL REFERENCES tracks, unit_price NUMERIC(10, 2) NOT NULL, quantity INTEGER NOT NULL,
  UNIQUE (invoice_id, track_id)
);
CREATE VIEW sold AS
  SELECT a.name AS artist, count(*) AS lines, sum(l.unit_price * l.quantity) AS revenue
  FROM invoice_lines l JOIN tracks USING (track_id) JOIN albums USING (album_id) JOIN artists a USING (artist_id)
  GROUP BY a.artist_id;

INSERT INTO artists (name) VALUES ('Løv & Søn'), ('O''Malley''s "Band"'), ('=SUM(1)'), ('Ünïcödé 音楽'), ('Nobody yet');
INSERT INTO genres VALUES (1, 'Rock'), (2, 'Jazz'), (3, NULL), (4, '');
INSERT INTO albums VALUES
  (1, 'First', 1, x'ffd8ffe0'), (2, 'Second, with a comma', 1, NULL), (3, '-3 dB', 2, x''), (4, 'Line' || char(10)
    || 'two', 3, NULL),
  (5, '🎵', 4, x'00');
INSERT INTO tracks
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 40)
  SELECT i, 'Track ' || i, i % 6 + (i % 6 = 0), i % 4 + 1, CASE WHEN i % 3 THEN 'C. ' || i END, i * 1000 + 1,
    CASE WHEN i % 5 THEN 0.99 ELSE 1.5 END, i % 7 = 0 FROM n;
INSERT INTO playlists VALUES (1, 'Morning'), (2, NULL), (3, 'Empty');
INSERT INTO playlist_track SELECT 1 + track_id % 2, track_id FROM tracks WHERE track_id < 25;
INSERT INTO employees VALUES
  (1, 'Adams', 'Ann', 'Manager', NULL, '1962-02-18', '2002-08-14 00:00:00'), (2, 'Berg', NULL, 'Sales', 1,
    '1958-12-08', '2002-05-01'),
  (3, 'Chu', 'Cy', 'Sales', 2, NULL, '2003-10-17T09:30:00Z'), (4, 'Dell', 'Di', NULL, 4, '1990-02-28', NULL);
INSERT INTO customers VALUES
  (1, 'Ada', 'ada@example.com', 2), (2, 'BOB', NULL, 3), (3, 'bob''s wife', 'b@example.com', NULL), (4, 'Zoë',
    'z@example.com', 2);
INSERT INTO invoices
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20)
  SELECT i, i % 4 + 1, date('2024-01-01', '+' || (i * 9) || ' days') || ' 00:00:00', i * 0.99 FROM n;
INSERT INTO invoice_lines SELECT NULL, invoice_id, 1 + (invoice_id * 7) % 40, 0.99, 1 + invoice_id % 3 FROM invoices;
"""
