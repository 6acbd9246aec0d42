"""One plain function for each route: what it takes and gives stands in its annotations."""
