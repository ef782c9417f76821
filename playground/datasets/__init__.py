"""What can be said of a data set and done to its rows: pure functions over rows, which read no store."""
