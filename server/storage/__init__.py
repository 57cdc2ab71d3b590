"""The house's records: tables, migrations and the queries over them."""
