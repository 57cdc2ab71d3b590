"""The house's rules: plain values and functions, without clock, chance, database or network."""
