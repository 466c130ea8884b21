"""What a museum has written of its objects already, read: tables, workbooks, LIDO records."""
