"""Files of rows, format by format. The one room of pyarrow and openpyxl."""
