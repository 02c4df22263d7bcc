"""A trading house: spaces, quotes and keywords in names, keys of text, of several columns and of none."""

SCRIPT = """
CREATE TABLE "Categories" ("CategoryID" INTEGER PRIMARY KEY, "Category Name" TEXT NOT NULL, "Picture" BLOB);
CREATE TABLE "Suppliers" ("Supplier ID" INTEGER PRIMARY KEY, "Company Name" TEXT, "Home Page" TEXT, "group" TEXT);
CREATE TABLE "Products" (
  "ProductID" INTEGER PRIMARY KEY AUTOINCREMENT, "Product Name" TEXT NOT NULL,
  "Supplier ID" INTEGER REFERENCES "Suppliers" ("Supplier ID"), "CategoryID" INTEGER REFERENCES "Categories",
  "Unit Price" MONEY DEFAULT 0 CHECK ("Unit Price" >= 0), "Units In Stock" SMALLINT, "Discontinued" BOOLEAN NOT
    NULL DEFAULT 0
);
CREATE TABLE "Customers" ("CustomerID" CHARACTER(5) PRIMARY KEY NOT NULL, "Company ""Name"" short" TEXT, "it's"
  TEXT, "a,b" REAL);
CREATE TABLE "Orders" (
  "OrderID" INTEGER PRIMARY KEY, "CustomerID" TEXT REFERENCES "Customers" ("CustomerID") ON UPDATE CASCADE,
  "Order Date" DATE, "select" TEXT, "Freight" DECIMAL(8, 4)
);
CREATE TABLE "Order Details" (
  "OrderID" INTEGER NOT NULL REFERENCES "Orders" ("OrderID") ON DELETE CASCADE,
  "ProductID" INTEGER NOT NULL REFERENCES "Products" ("ProductID"), "Unit Price" REAL NOT NULL, "Quantity" INTEGER
    NOT NULL DEFAULT 1,
  "Discount" REAL NOT NULL DEFAULT 0 CHECK ("Discount" BETWEEN 0 AND 1), PRIMARY KEY ("OrderID", "ProductID")
);
CREATE INDEX "by order's date" ON "Orders" ("Order Date" DESC, "select" COLLATE NOCASE);
CREATE TABLE "Territories/EU" ("Territory~ID" TEXT PRIMARY KEY, "100%" TEXT, "[br]" TEXT, "semi;colon" TEXT, "new
line" TEXT) WITHOUT ROWID;
CREATE TABLE "Order Subtotals." ("Region" TEXT, "Year" INTEGER, "Total" NUMERIC);
CREATE TABLE "Price History" (
  "ProductID" INTEGER NOT NULL, "From" TEXT NOT NULL, "To" TEXT, "Price" REAL,
  FOREIGN KEY ("ProductID") REFERENCES "Products" ("ProductID"), PRIMARY KEY ("ProductID", "From" DESC)
) WITHOUT ROWID;
CREATE VIEW "Order Totals" AS
  SELECT o."OrderID", sum(d."Unit Price" * d."Quantity" * (1 - d."Discount")) AS "Sub Total", max(o."Order Date")
    AS "Day"
  FROM "Orders" o LEFT JOIN "Order Details" d USING ("OrderID") GROUP BY o."OrderID";
CREATE VIEW "Customers' ""Names"" only" AS SELECT "Company ""Name"" short" AS "the ""name"" of it", "it's" FROM
  "Customers";

INSERT INTO "Categories" VALUES (1, 'Beverages', x'4749463839610100'), (2, 'Condiments', NULL), (8, '"Sea"food', x'');
INSERT INTO "Suppliers" VALUES (1, 'Exotic Liquids', NULL, 'a'), (2, 'Øst ''& Vest''', '#http://example.com#',
  'B'), (29, '', '', '');
INSERT INTO "Products" ("Product Name", "Supplier ID", "CategoryID", "Unit Price", "Units In Stock", "Discontinued")
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 30)
  SELECT 'Product "' || i || '"', CASE WHEN i % 4 THEN 1 + i % 2 END, CASE i % 3 WHEN 0 THEN 8 ELSE i % 3 END, i * 1.25,
    CASE WHEN i % 6 THEN 40 - i END, i % 9 = 0 FROM n;
INSERT INTO "Customers" VALUES
  ('ALFKI', 'Alfreds "Futter"', 'x', 1.5), ('A,B/C', 'comma', NULL, -0.0), ('~', 'tilde', '=1+1', 1e300), ('',
    'nothing', '', NULL),
  ('..', 'dots', '%41', 3), ('é%2F', 'percent', '?&#', 1e-300);
INSERT INTO "Orders"
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 24)
  SELECT 10247 + i, CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN 'ALFKI' WHEN 2 THEN 'A,B/C' WHEN 3 THEN '~' ELSE '' END,
    CASE WHEN i % 7 THEN date('1996-07-01', '+' || (i * 5) || ' days') END, CASE WHEN i % 2 THEN 'Select' END, i *
      3.3125 FROM n;
INSERT INTO "Order Details"
  SELECT "OrderID", 1 + "OrderID" % 29, 14.0, 1 + "OrderID" % 5, ("OrderID" % 4) / 4.0 FROM "Orders"
  UNION ALL SELECT "OrderID", 30, 9.8, 10, 0.05 FROM "Orders" WHERE "OrderID" % 2;
INSERT INTO "Territories/EU" VALUES ('01581', 'a', 'b', 'c', 'd'), ('a/b~c%', '100%', '<br>', ';', 'x' || char(10)
  || 'y'), ('1.10', NULL, NULL, '''', '"');
INSERT INTO "Order Subtotals." VALUES ('North', 1996, 12), ('North', 1996, 12), (NULL, NULL, NULL), ('South', 1997,
  12.5);
INSERT INTO "Price History" VALUES (1, '2024-01-01', '2024-02-01', 1.0), (1, '2024-02-01', NULL, 1.1), (2,
  '2024-01-01', NULL, 2);
"""
