"""Files that hold no plain text: packed ones, Parquet and spreadsheets. The one room of pyarrow and openpyxl."""
