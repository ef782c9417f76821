"""Tables in files: CSV, TSV, JSON, JSONL, XLSX and Parquet, read with evidence and written again."""
