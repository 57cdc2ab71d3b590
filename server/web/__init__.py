"""The pages, JSON and event stream that people's browsers ask for."""
